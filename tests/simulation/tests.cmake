# The deterministic simulation: one program, whose seeds scripts/test runs by the hundred, and tests of the ground it stands on.
file(GLOB simulation_sources CONFIGURE_DEPENDS tests/simulation/*.cpp)
list(FILTER simulation_sources EXCLUDE REGEX "/main\\.cpp$")
add_library(stellwerk_simulation STATIC ${simulation_sources})
stellwerk_options(stellwerk_simulation)
target_compile_definitions(stellwerk_simulation PRIVATE STELLWERK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(stellwerk_simulation PUBLIC stellwerk_actors stellwerk_embedded)

if(EXISTS ${CMAKE_SOURCE_DIR}/tests/simulation/main.cpp)
  add_executable(stellwerk-sim tests/simulation/main.cpp)
  stellwerk_options(stellwerk-sim)
  target_compile_definitions(stellwerk-sim PRIVATE STELLWERK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(stellwerk-sim PRIVATE stellwerk_simulation)
endif()

stellwerk_test(simulation_ground TIMEOUT 120 SOURCES tests/simulation/ground/ground_test.cpp LIBRARIES stellwerk_simulation)
stellwerk_test(simulation_shrink LABEL system TIMEOUT 300 SOURCES tests/simulation/shrink/shrink_test.cpp LIBRARIES stellwerk_simulation)

# Same seed, same life: each is lived twice and compared, decision by decision and request by request.
add_test(NAME simulation_seeds COMMAND stellwerk-sim --seeds 500)
add_test(NAME simulation_scenarios COMMAND stellwerk-sim --scenario all)
add_test(NAME simulation_same COMMAND stellwerk-sim --seeds 20 --same)
set_tests_properties(simulation_scenarios simulation_same PROPERTIES LABELS fast TIMEOUT 300)
set_tests_properties(simulation_seeds PROPERTIES LABELS system TIMEOUT 900)
if(STELLWERK_PLANTED_BUGS)
  add_test(NAME simulation_planted_bugs COMMAND stellwerk-sim --plants --seeds 2000)
  set_tests_properties(simulation_planted_bugs PROPERTIES LABELS system TIMEOUT 900)
endif()
