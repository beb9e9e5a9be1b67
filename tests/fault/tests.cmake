stellwerk_test(fault_workflows SOURCES tests/fault/workflows_test.cpp tests/fault/world.cpp tests/fault/life.cpp LIBRARIES stellwerk_workflows stellwerk_embedded)
