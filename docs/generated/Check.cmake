# cmake -DCOMMAND=<tablegen|and|its|arguments> -DPAGE=<committed file> -DFRESH=<scratch file> -P: fails where they differ.
string(REPLACE "|" ";" COMMAND "${COMMAND}")
execute_process(COMMAND ${COMMAND} -o ${FRESH} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${FRESH} ${PAGE} RESULT_VARIABLE different)
if(different)
  message(FATAL_ERROR "${PAGE} is out of date: build the target generated-docs and commit what it writes")
endif()
