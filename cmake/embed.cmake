# stellwerk_embed(NAME DIRECTORIES ...): the text files of these folders inside the binary, read through core/embedded.hpp.
function(stellwerk_embed name)
  cmake_parse_arguments(arg "" "" "DIRECTORIES" ${ARGN})
  set(files)
  foreach(directory ${arg_DIRECTORIES})
    file(GLOB found CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${directory}/*.yaml ${directory}/*.sql ${directory}/*.json)
    list(APPEND files ${found})
  endforeach()
  set(output ${CMAKE_BINARY_DIR}/generated/embedded_${name}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_SOURCE_DIR} "-DFILES=${files}" -DOUTPUT=${output} -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake VERBATIM)
  add_library(stellwerk_embedded STATIC ${output})
  stellwerk_options(stellwerk_embedded)
  target_link_libraries(stellwerk_embedded PUBLIC stellwerk_core)
endfunction()
