# The server under load, always with AddressSanitizer and UBSan, whatever the preset: what goes wrong here is memory.
file(GLOB http_asan_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/core/*.cpp ${CMAKE_SOURCE_DIR}/monitoring/*.cpp ${CMAKE_SOURCE_DIR}/api/http/*.cpp)
add_library(stellwerk_http_asan STATIC EXCLUDE_FROM_ALL ${http_asan_sources})
stellwerk_options(stellwerk_http_asan)
target_link_libraries(stellwerk_http_asan PUBLIC fmt::fmt dep::boost_json prometheus-cpp::core spdlog::spdlog PkgConfig::PISTACHE Threads::Threads)
if(NOT STELLWERK_SANITIZE)  # a preset with sanitizers has its own, and they do not mix
  target_compile_options(stellwerk_http_asan PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(stellwerk_http_asan PUBLIC -fsanitize=address,undefined)
endif()

stellwerk_test(http_abuse LABEL system TIMEOUT 300 SOURCES ${CMAKE_CURRENT_LIST_DIR}/abuse.cpp ${CMAKE_CURRENT_LIST_DIR}/fuzz.cpp
  ${CMAKE_CURRENT_LIST_DIR}/raw_socket_test.cpp ${CMAKE_CURRENT_LIST_DIR}/time_test.cpp ${CMAKE_CURRENT_LIST_DIR}/connection_test.cpp LIBRARIES stellwerk_http_asan)
stellwerk_test(http_streams LABEL slow TIMEOUT 300 SOURCES ${CMAKE_CURRENT_LIST_DIR}/streams.cpp LIBRARIES stellwerk_http_asan)
set_tests_properties(http_abuse PROPERTIES PROCESSORS 2)  # it fills both cores by itself
