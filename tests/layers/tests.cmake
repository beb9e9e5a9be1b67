# Who may include whom. The first test shows that the second can fail.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME layers_can_fail COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/layers/check_layers_test.py)
add_test(NAME layers COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/layers/check_layers.py ${CMAKE_SOURCE_DIR})
set_tests_properties(layers layers_can_fail PROPERTIES LABELS fast TIMEOUT 60)
