file(GLOB fault_sources CONFIGURE_DEPENDS tests/fault/*.cpp)
stellwerk_test(fault_workflows LABEL system TIMEOUT 600 SOURCES ${fault_sources} LIBRARIES stellwerk_workflows stellwerk_embedded)
