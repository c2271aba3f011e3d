# Compiles headers/<CASE>.h as LANGUAGE with every warning an error.
get_filename_component(here ${CMAKE_CURRENT_LIST_FILE} DIRECTORY)
if(LANGUAGE STREQUAL "c99")
  set(command ${C} -x c)
else()
  set(command ${CXX} -x c++)
endif()
execute_process(
  COMMAND ${command} -std=${LANGUAGE} -Wall -Wextra -Werror -pedantic -I${INCLUDE} -fsyntax-only ${here}/headers/${CASE}.h
  RESULT_VARIABLE status ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${command} -std=${LANGUAGE} refuses ${CASE}:\n${output}")
endif()
