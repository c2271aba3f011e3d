# What `cmake --install` gives: attnc, the library, its headers, the language's own library, the CMake package, the pkg-config file,
# the manual page, completions, syntax files; and the Debian package that cpack makes of it.
include(CMakePackageConfigHelpers)

option(ATTN_BUNDLE_LLVM "Install copies of libLLVM and libMLIR beside the library, so that it runs where LLVM 22 is not installed" ON)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/attn)
set(private ${CMAKE_INSTALL_LIBDIR}/attn)
file(RELATIVE_PATH from_programs /${CMAKE_INSTALL_BINDIR} /${private})
if(ATTN_BUNDLE_LLVM)
  set_target_properties(attnc PROPERTIES INSTALL_RPATH "$ORIGIN/${from_programs}")
  set_target_properties(attn_shared PROPERTIES INSTALL_RPATH "$ORIGIN/attn")
  # Under their sonames, the only names by which anything asks for them.
  foreach(library LLVM MLIR)
    install(CODE "
      file(GLOB found LIST_DIRECTORIES false \"${ATTN_LLVM_PREFIX}/lib/lib${library}.so.[0-9]*.[0-9]*\")
      list(GET found 0 file)
      get_filename_component(name \${file} NAME)
      file(REAL_PATH \${file} file)
      message(STATUS \"Installing: \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${private}/\${name}\")
      file(MAKE_DIRECTORY \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${private})
      set(copy \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${private}/\${name})
      file(COPY_FILE \${file} \${copy} ONLY_IF_DIFFERENT)
      # libMLIR looks for libLLVM where LLVM's own packages put it.
      file(RPATH_CHANGE FILE \${copy} OLD_RPATH \"\\\$ORIGIN/../lib\" NEW_RPATH \"\\\$ORIGIN\")")
  endforeach()
  # Who hands the copies on hands on their licence.
  find_file(ATTN_LLVM_LICENSE copyright PATHS /usr/share/doc/libllvm${LLVM_VERSION_MAJOR} NO_DEFAULT_PATH)
  if(ATTN_LLVM_LICENSE)
    install(FILES ${ATTN_LLVM_LICENSE} DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright.llvm)
  else()
    message(WARNING "an install would lack the licence of its copies of LLVM: set ATTN_LLVM_LICENSE to that file, or ATTN_BUNDLE_LLVM=OFF")
  endif()
else()
  set_target_properties(attnc attn_shared PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
endif()

set_target_properties(attn_shared PROPERTIES EXPORT_NAME attn)
install(TARGETS attnc attn_shared EXPORT attnTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY runtime/include/attn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY compiler/sema/library DESTINATION ${CMAKE_INSTALL_DATADIR}/attn FILES_MATCHING PATTERN "*.attn")
install(DIRECTORY examples editors DESTINATION ${CMAKE_INSTALL_DATADIR}/attn)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md")

install(FILES ${ATTN_PAGES}/attnc.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${ATTN_PAGES}/attnc.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME attnc)
install(FILES ${ATTN_PAGES}/_attnc DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${ATTN_PAGES}/attnc.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

install(EXPORT attnTargets NAMESPACE attn:: DESTINATION ${package})
configure_package_config_file(cmake/package/attnConfig.cmake.in ${PROJECT_BINARY_DIR}/package/attnConfig.cmake
  INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/attnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/attnConfig.cmake ${PROJECT_BINARY_DIR}/package/attnConfigVersion.cmake
              cmake/package/AttnKernel.cmake DESTINATION ${package})
file(RELATIVE_PATH ATTN_PKGCONFIG_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" ATTN_PKGCONFIG_TO_PREFIX ${ATTN_PKGCONFIG_TO_PREFIX})
configure_file(cmake/package/attn.pc.in ${PROJECT_BINARY_DIR}/package/attn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/attn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME attn)
set(CPACK_PACKAGE_VENDOR attn)
set(CPACK_PACKAGE_CONTACT "attn <attn@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler for attention kernels")
set(CPACK_PACKAGE_DESCRIPTION "A small language for attention and a compiler that turns it into fast, correct CPU kernels:
 the program attnc, a library with a C interface, and what CMake projects need to compile specs of theirs.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${ATTN_LLVM_PREFIX}/lib)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
include(CPack)
