# The kinds of target the project has, so that no CMakeLists repeats how they are built.
option(ATTN_WERROR "Treat warnings as errors" OFF)
option(ATTN_VERIFY "Verify the IR between all passes" OFF)
set(ATTN_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them (address,undefined)")

if(ATTN_SANITIZE)
  add_compile_options(-fsanitize=${ATTN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ATTN_SANITIZE})
endif()
# The cache of compiled kernels tells builds apart by the linker's identifier.
add_link_options(-Wl,--build-id)
find_program(CCACHE NAMES ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(attn_options INTERFACE)
target_include_directories(attn_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(attn_options INTERFACE -Wall -Wextra -Wno-unused-parameter $<$<BOOL:${ATTN_WERROR}>:-Werror>)

add_library(attn_mlir_options INTERFACE)
target_include_directories(attn_mlir_options SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(ATTN_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(attn_mlir_options INTERFACE ${ATTN_LLVM_DEFINITIONS}
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<NOT:$<BOOL:$<TARGET_PROPERTY:ATTN_EXCEPTIONS>>>>:-fno-exceptions>)
target_link_libraries(attn_mlir_options INTERFACE MLIR LLVM)

# For code that only CPUs with a matrix unit run. The headers of its instructions want no libc that way.
set(ATTN_MATRIX_OPTIONS -march=x86-64-v4 -mavx512bf16 -mamx-tile -mamx-bf16 -mprfchw -ffreestanding)

# attn_library(NAME SOURCES ... DEPENDS ... [PRIVATE_DEPENDS ...] [MLIR] [EXCEPTIONS]): a stage. It sees only the stages in
# DEPENDS, and so do those that depend on it; PRIVATE_DEPENDS are libraries that only its own sources include.
function(attn_library name)
  cmake_parse_arguments(ARG "MLIR;EXCEPTIONS" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC attn_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  if(ARG_MLIR)
    target_link_libraries(${name} PUBLIC attn_mlir_options)
  elseif(NOT ARG_EXCEPTIONS)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
  endif()
endfunction()
