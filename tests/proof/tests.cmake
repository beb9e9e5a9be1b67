# Tests of workflows, run by the program itself: the shipped ones, the worked examples (when they are there), and the commands.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB workflow_tests CONFIGURE_DEPENDS workflows/library/*.test.yaml)
add_test(NAME proof_library COMMAND stellwerk workflow test ${workflow_tests})
add_test(NAME proof_commands COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/proof/commands_test.py $<TARGET_FILE:stellwerk> ${CMAKE_SOURCE_DIR})
add_test(NAME proof_examples COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/proof/examples_test.py $<TARGET_FILE:stellwerk> ${CMAKE_SOURCE_DIR}
         ${STELLWERK_REFERENCE_DIR}/examples)
set_tests_properties(proof_library proof_commands proof_examples PROPERTIES LABELS fast TIMEOUT 120 SKIP_RETURN_CODE 77)
