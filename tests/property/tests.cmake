# RapidCheck is a library of these tests alone; it ships as a static library.
find_library(LIB_rapidcheck rapidcheck REQUIRED)
add_library(dep::rapidcheck UNKNOWN IMPORTED)
set_target_properties(dep::rapidcheck PROPERTIES IMPORTED_LOCATION ${LIB_rapidcheck})

stellwerk_test(property_workflows LABEL system SOURCES tests/property/properties_test.cpp tests/property/generator.cpp tests/property/script.cpp tests/fault/subject.cpp
  LIBRARIES stellwerk_workflows dep::rapidcheck)
