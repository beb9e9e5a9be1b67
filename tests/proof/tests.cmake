# Tests of workflows, run by the program itself: the shipped ones, the worked examples (when they are there), and the commands.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB workflow_tests CONFIGURE_DEPENDS workflows/library/*.test.yaml)
add_test(NAME proof_library COMMAND stellwerk workflow test ${workflow_tests})
add_test(NAME proof_commands COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/proof/commands_test.py $<TARGET_FILE:stellwerk> ${CMAKE_SOURCE_DIR})
add_test(NAME proof_examples COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/proof/examples_test.py $<TARGET_FILE:stellwerk> ${CMAKE_SOURCE_DIR}
         ${STELLWERK_REFERENCE_DIR}/examples)
set_tests_properties(proof_library proof_commands proof_examples PROPERTIES LABELS fast TIMEOUT 120 SKIP_RETURN_CODE 77)

# The conformance cases of the expression language, when they are there; cases of our own are in unit_workflows.
add_test(NAME cel_conformance COMMAND sh -c [=[test -f "$2" || { echo "not present: $2"; exit 77; }; exec "$1" cel test "$2"]=] sh
         $<TARGET_FILE:stellwerk> ${STELLWERK_REFERENCE_DIR}/conformance/cel/cases.json)
set_tests_properties(cel_conformance PROPERTIES LABELS fast TIMEOUT 120 SKIP_RETURN_CODE 77)
