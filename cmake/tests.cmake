# Test executables: tests/unit/<folder> is linked with that folder's library, tests/{contract,fault,golden,system} with the whole.
# A test file may carry its own label line: `// ctest: slow` or `// ctest: system`; the default is `fast`.

# Helpers that any test may include from tests/support/ (PostgreSQL server, child process, clock).
file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.cpp)
list(FILTER support_sources EXCLUDE REGEX "/main\\.cpp$")
add_library(stellwerk_test_support STATIC ${support_sources})
stellwerk_options(stellwerk_test_support)
target_link_libraries(stellwerk_test_support PUBLIC stellwerk_core PostgreSQL::PostgreSQL Threads::Threads)

# It says BOOST_TEST_MODULE before it includes the framework, which a precompiled header has included already.
set_source_files_properties(${CMAKE_SOURCE_DIR}/tests/support/main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

# stellwerk_test(NAME [LABEL label] [TIMEOUT seconds] SOURCES ... LIBRARIES ...)
function(stellwerk_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL fast)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name} ${arg_SOURCES} ${CMAKE_SOURCE_DIR}/tests/support/main.cpp)
  stellwerk_options(${name})
  target_compile_definitions(${name} PRIVATE STELLWERK_SOURCE_DIR="${CMAKE_SOURCE_DIR}" STELLWERK_REFERENCE_DIR="${STELLWERK_REFERENCE_DIR}"
    STELLWERK_BINARY="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/stellwerk")
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} stellwerk_test_support Boost::unit_test_framework)
  list(LENGTH arg_SOURCES count)
  stellwerk_precompile(${name} FOR ${count} HEADERS <boost/test/unit_test.hpp> <boost/test/data/test_case.hpp>)
  add_test(NAME ${name} COMMAND ${name} --log_level=error --color_output=no --report_level=short)
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()

foreach(folder core config monitoring workflows connectors storage http actors api sandbox)
  file(GLOB sources CONFIGURE_DEPENDS tests/unit/${folder}/*_test.cpp)
  if(sources)
    set(libraries stellwerk_${folder} stellwerk_embedded)
    stellwerk_test(unit_${folder} SOURCES ${sources} LIBRARIES ${libraries})
  endif()
endforeach()

file(GLOB sources CONFIGURE_DEPENDS tests/unit/support/*_test.cpp)
stellwerk_test(unit_support SOURCES ${sources} LIBRARIES stellwerk_core)

# Further test programs are declared beside their sources.
foreach(folder unit/http contract fault simulation property golden fuzz proof system layers docs)
  if(EXISTS ${CMAKE_SOURCE_DIR}/tests/${folder}/tests.cmake)
    include(tests/${folder}/tests.cmake)
  endif()
endforeach()
