# attn_add_kernel(TARGET SPEC.attn
#   [NAME stem]            of the header and the object; where not given the spec's: mistral.h of mistral.attn
#   [ONLY attention]       of several in the file
#   [CPU name ...]         x86-64-v3 and the like, a version for each; where not given the machine that builds
#   [SET extent=size ...]  extents to make the code for
#   [OPTIMISE])            compile longer
#
# Compiles a spec when TARGET, a C or C++ executable or library, is built, links it, and lets TARGET and what links it include
# the header. Editing the spec, a file it imports, or the compiler builds it anew.
function(attn_add_kernel target spec)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "OPTIMISE" "NAME;ONLY" "CPU;SET")
  if(NOT TARGET ${target})
    message(FATAL_ERROR "attn_add_kernel: there is no target ${target}; its first argument is the target that links the kernel")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "attn_add_kernel: unknown arguments ${ARG_UNPARSED_ARGUMENTS}; after the target and the spec it takes "
                        "NAME, ONLY, CPU, SET and OPTIMISE")
  endif()
  if(ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "attn_add_kernel: ${ARG_KEYWORDS_MISSING_VALUES} needs a value")
  endif()
  get_filename_component(spec ${spec} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT EXISTS ${spec})
    get_source_file_property(generated ${spec} GENERATED)
    if(NOT generated)
      message(FATAL_ERROR "attn_add_kernel: there is no file ${spec}")
    endif()
  endif()
  if(NOT ARG_NAME)
    get_filename_component(ARG_NAME ${spec} NAME_WLE)
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/attn-kernels/${target})
  set(object ${folder}/${ARG_NAME}${CMAKE_C_OUTPUT_EXTENSION})
  if(NOT CMAKE_C_OUTPUT_EXTENSION)
    set(object ${folder}/${ARG_NAME}.o)
  endif()
  set(header ${folder}/${ARG_NAME}.h)
  set(command attn::attnc ${spec} -o ${object} --depfile ${object}.d)
  if(ARG_ONLY)
    list(APPEND command --only ${ARG_ONLY})
  endif()
  if(ARG_CPU)
    list(JOIN ARG_CPU "," cpus)
    list(APPEND command --cpu ${cpus})
  endif()
  if(ARG_SET)
    list(JOIN ARG_SET "," extents)
    list(APPEND command --set ${extents})
  endif()
  if(ARG_OPTIMISE)
    list(APPEND command -O)
  endif()
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${object} ${header} COMMAND ${command} DEPENDS ${spec} attn::attnc DEPFILE ${object}.d
    COMMENT "Compiling the attention kernels of ${ARG_NAME}.attn" VERBATIM)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  target_sources(${target} PRIVATE ${object} ${header})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${folder}>)
endfunction()
