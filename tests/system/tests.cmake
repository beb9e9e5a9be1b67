# The real binary, driven from outside, on each database. The crash tests need a build with STELLWERK_FAULT_POINTS.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# stellwerk_system_test(NAME SCRIPT [LABELS label...] [TIMEOUT seconds] [DATABASES database...] [ARGUMENTS argument...])
function(stellwerk_system_test name script)
  cmake_parse_arguments(arg "" "TIMEOUT" "LABELS;DATABASES;ARGUMENTS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  if(NOT arg_DATABASES)
    set(arg_DATABASES sqlite postgresql)
  endif()
  set(labels system ${arg_LABELS})
  foreach(database ${arg_DATABASES})
    add_test(NAME system_${name}_${database} COMMAND Python3::Interpreter -B ${CMAKE_SOURCE_DIR}/tests/system/${script}_test.py
      --binary $<TARGET_FILE:stellwerk> --database ${database} ${arg_ARGUMENTS})
    set_tests_properties(system_${name}_${database} PROPERTIES LABELS "${labels}" TIMEOUT ${arg_TIMEOUT})
  endforeach()
endfunction()

foreach(script life refusal once kill stranger bad_input shutdown outage)
  stellwerk_system_test(${script} ${script})
endforeach()
stellwerk_system_test(database database DATABASES postgresql)
# What differs between the databases is where a commit ends, not what a vendor answers: on PostgreSQL, whose flushes take their time,
# the variants of a case are left out. Without --skip the programs run everything on either database.
stellwerk_system_test(lost_answer lost_answer LABELS slow TIMEOUT 1200 DATABASES sqlite)
stellwerk_system_test(lost_answer lost_answer LABELS slow TIMEOUT 1200 DATABASES postgresql ARGUMENTS --skip "cut off" --skip "web page" --skip "a question")
# these crash on purpose
if(STELLWERK_FAULT_POINTS)
  stellwerk_system_test(ticket ticket)
  stellwerk_system_test(busy busy LABELS slow TIMEOUT 1200 DATABASES sqlite)
  stellwerk_system_test(busy busy LABELS slow TIMEOUT 1200 DATABASES postgresql ARGUMENTS --skip "crash at every commit")
  stellwerk_system_test(chaos chaos LABELS slow TIMEOUT 1200 DATABASES sqlite)
  stellwerk_system_test(crash_at_commit crash LABELS slow TIMEOUT 1800 DATABASES sqlite ARGUMENTS --points commit)
  stellwerk_system_test(crash_at_commit crash LABELS slow TIMEOUT 1800 DATABASES postgresql ARGUMENTS --points commit --skip "second crash")
  stellwerk_system_test(crash_at_attempt crash LABELS slow TIMEOUT 1800 ARGUMENTS --points attempt)
endif()
