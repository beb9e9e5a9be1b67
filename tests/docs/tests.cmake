# What the pages say is tried: their YAML is checked, the commands of README.md are run against a demo.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME docs_examples COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/docs/check_examples.py ${CMAKE_SOURCE_DIR} $<TARGET_FILE:stellwerk>)
set_tests_properties(docs_examples PROPERTIES LABELS fast TIMEOUT 120)
add_test(NAME docs_readme COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/docs/check_readme.py ${CMAKE_SOURCE_DIR} $<TARGET_FILE:stellwerk>)
set_tests_properties(docs_readme PROPERTIES LABELS system TIMEOUT 300)
add_test(NAME docs_paths COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/docs/check_paths.py ${CMAKE_SOURCE_DIR})
set_tests_properties(docs_paths PROPERTIES LABELS fast TIMEOUT 60)
