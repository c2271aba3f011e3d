# Writes OUTPUT, a C++ source that defines sema's libraryFiles() from FILES (a list separated by `,`).
set(entries "")
string(REPLACE "," ";" files "${FILES}")
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND entries "      {\"${name}\", R\"attn(${text})attn\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"compiler/sema/Modules.h\"

namespace attn::sema {

const std::vector<LibraryFile> &libraryFiles() {
  static const std::vector<LibraryFile> files = {
${entries}  };
  return files;
}

} // namespace attn::sema
")
