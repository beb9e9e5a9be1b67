# Measuring programs: built only on demand. Meaning and results: bench/README.md.
find_package(benchmark REQUIRED)
add_executable(bench_language bench/bench_language.cpp bench/allocations.cpp)
stellwerk_options(bench_language)
target_compile_definitions(bench_language PRIVATE STELLWERK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(bench_language PRIVATE stellwerk_workflows stellwerk_embedded benchmark::benchmark)
