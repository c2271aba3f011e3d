# How tests are registered. Every ctest name starts with the kind of test, which is also its label:
# unit.*, lit.*, execute.*, conformance.*, docs.*, diagnostics.*, repl.*, fuzz.*.
#
# A test that cannot run here says so: it exits with ATTN_SKIP_CODE and ctest lists it as skipped.
set(ATTN_SKIP_CODE 77)

set(ATTN_CONFORMANCE_DIR "${PROJECT_SOURCE_DIR}/../shared/conformance/onnx" CACHE PATH
    "Folder of ONNX Attention cases; the conformance tests are skipped where it does not exist")

# attn_test(NAME COMMAND ... [LABELS ...] [TIMEOUT seconds] [ENVIRONMENT ...]): any program; exit 0 passes.
function(attn_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "COMMAND;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  string(REGEX REPLACE "[.].*" "" kind ${name})
  add_test(NAME ${name} COMMAND ${ARG_COMMAND})
  set_tests_properties(${name} PROPERTIES
    LABELS "${kind};${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE ${ATTN_SKIP_CODE}
    # Tests compile; those of the cache name a folder of their own.
    ENVIRONMENT "ATTN_CACHE_DIR=;${ARG_ENVIRONMENT}")
endfunction()

# attn_unit_test(FOLDER SOURCES ... DEPENDS ... [CPU feature ...]): the Catch2 executable attn_<FOLDER>_tests and the
# ctest unit.<FOLDER>. Test cases tagged with one of the CPU features (`[avx512f]`, spelled as in /proc/cpuinfo) run as a
# ctest of their own, unit.<FOLDER>.<feature>, skipped on a machine without it.
function(attn_unit_test folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;CPU" ${ARGN})
  set(target attn_${folder}_tests)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_DEPENDS} attn_catch attn_options)
  set_target_properties(${target} PROPERTIES ATTN_EXCEPTIONS ON)
  set(common "")
  foreach(feature ${ARG_CPU})
    list(APPEND common "~[${feature}]")
    attn_test(unit.${folder}.${feature}
      COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${target}> -DFEATURE=${feature}
              -P ${PROJECT_SOURCE_DIR}/test/unit/RunIfCpuHas.cmake)
    set_tests_properties(unit.${folder}.${feature} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: this CPU has no")
  endforeach()
  string(REPLACE ";" "" common "${common}")
  attn_test(unit.${folder} COMMAND ${target} ${common})
endfunction()

# attn_lit_tests(FOLDER ...): the lit tests of each test/<FOLDER> as the ctest lit.<FOLDER>.
function(attn_lit_tests)
  foreach(folder ${ARGN})
    attn_test(lit.${folder} TIMEOUT 600
      COMMAND ${ATTN_LIT} -v --no-progress-bar --param build=${PROJECT_BINARY_DIR} --param llvm=${ATTN_LLVM_PREFIX}
              ${PROJECT_SOURCE_DIR}/test/${folder})
  endforeach()
endfunction()

# The Catch2 main, once, for whichever major version is installed (Debian 12 has 2, later releases 3).
function(attn_add_catch)
  if(Catch2_VERSION VERSION_LESS 3)
    add_library(attn_catch STATIC ${PROJECT_SOURCE_DIR}/test/unit/CatchMain.cpp)
    target_link_libraries(attn_catch PUBLIC Catch2::Catch2 PRIVATE attn_options)
  else()
    add_library(attn_catch INTERFACE)
    target_link_libraries(attn_catch INTERFACE Catch2::Catch2WithMain)
  endif()
endfunction()
