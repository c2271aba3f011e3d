#include "compiler/codegen/ExportedName.h"
#include "compiler/codegen/Header.h"

#include "test/unit/Catch.h"
#include "test/unit/codegen/Fixture.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <cstdlib>
#include <fstream>

using namespace attn;
using namespace attn::codegen;

namespace {

std::string headerOf(const sema::Attention &attention, const std::string &stem) {
  llvm::Expected<std::string> header = writeHeader({&attention}, stem);
  if (!header)
    FAIL(llvm::toString(header.takeError()));
  return *header;
}

/// Compiles sources against headers in a folder of its own, with every warning an error.
struct Program {
  std::string folder;
  Program() {
    llvm::SmallString<128> name;
    REQUIRE(!llvm::sys::fs::createUniqueDirectory("attn-header", name));
    folder = name.str().str();
  }
  ~Program() { llvm::sys::fs::remove_directories(folder); }
  void add(const std::string &file, const std::string &text) { std::ofstream(folder + "/" + file, std::ios::binary) << text; }
  bool run(const std::string &command) const {
    return std::system(("cd '" + folder + "' && " + command + " > log 2>&1 || { cat log >&2; false; }").c_str()) == 0;
  }
  bool compiles(const std::string &source) {
    constexpr const char *warnings = " -Wall -Wextra -pedantic -Werror -Wconversion -Wshadow -I. -c -o out.o ";
    add("source.c", source);
    add("source.cpp", source);
    bool good = true;
    for (std::string compiler : {ATTN_C_COMPILER " -std=c99", ATTN_C_COMPILER " -std=c11", "clang-22 -std=c23"})
      good &= run(compiler + warnings + "source.c");
    for (std::string compiler : {ATTN_CXX_COMPILER " -std=c++11", ATTN_CXX_COMPILER " -std=c++20"})
      good &= run(compiler + warnings + "source.cpp");
    // A second family of compilers, where there is one.
    if (llvm::sys::findProgramByName("gcc") && llvm::sys::findProgramByName("g++"))
      good &= run(std::string("gcc -std=c99") + warnings + "source.c") &&
              run(std::string("g++ -std=c++11") + warnings + "source.cpp");
    return good;
  }
};

constexpr const char *use = "\nint call(const DLTensor *q, const DLTensor *o);\n"
                            "int call(const DLTensor *q, const DLTensor *o) {\n"
                            "  scaled_args a = scaled_defaults();\n  attn_error e;\n"
                            "  DLDataType flag = {(uint8_t)kDLBool, 8, 1};\n"
                            "  a.q = q; a.o = o;\n  return scaled(&a, NULL, &e) != ATTN_OK || flag.bits != 8;\n}\n";

} // namespace

TEST_CASE("a header compiles alone as C and C++ without a warning") {
  Program program;
  program.add("scaled.h", headerOf(test::scaleAttention("scaled"), "scaled"));
  CHECK(program.compiles(std::string("#include \"scaled.h\"\n") + use));
}

TEST_CASE("two headers and dlpack.h compile together in any order") {
  Program program;
  program.add("scaled.h", headerOf(test::scaleAttention("scaled"), "scaled"));
  program.add("other.h", headerOf(test::scaleAttention("other"), "other"));
  const std::string ours = "#include \"scaled.h\"\n#include \"other.h\"\n", theirs = "#include <dlpack/dlpack.h>\n";
  CHECK(program.compiles(ours + use));
  CHECK(program.compiles(ours + theirs + use));
  CHECK(program.compiles(theirs + ours + use));
  CHECK(program.compiles("#include \"scaled.h\"\n" + theirs + "#include \"other.h\"\n#include \"scaled.h\"\n" + use));
}

TEST_CASE("names that are keywords get a trailing underscore") {
  sema::Attention attention = test::scaleAttention("double");
  attention.tensors[0].name = "class";
  attention.outputs[0].name = "class_";
  attention.scalars[0].name = "register";
  CHECK(exportedName("double") == "double_");
  CHECK(exportedName("doubles") == "doubles");
  CHECK(exportedName("free") == "free_");
  CHECK(exportedName("printf") == "printf_");
  CHECK(exportedName("int64_t") == "int64_t_");
  CHECK(exportedName("attn_launch") == "attn_launch_");
  CHECK(exportedName("attn") == "attn");
  CHECK(memberNames(attention) == std::vector<std::string>{"class__", "class_", "register_"});
  Program program;
  program.add("double.h", headerOf(attention, "double"));
  CHECK(program.compiles("#include \"double.h\"\nint call(void);\nint call(void) { double__args a = double__defaults(); "
                         "a.class__ = NULL; a.class_ = NULL; a.register_ = 1; return double_(&a, NULL, NULL); }\n"));
}

TEST_CASE("defaults that are constants stand in the header, others are marked") {
  sema::Attention attention = test::scaleAttention("scaled");
  CHECK(headerOf(attention, "scaled").find("args.scale = ATTN_UNSET_FLOAT;") != std::string::npos);
  attention.extents[0].fixed = 64;
  CHECK(headerOf(attention, "scaled").find("args.scale = 0.015625;") != std::string::npos);
  attention.scalars[0].defaultValue = sema::none;
  CHECK(headerOf(attention, "scaled").find("double scale; /* float, must be set */") != std::string::npos);
}

TEST_CASE("a signature that could end its comment cannot") {
  sema::Attention attention = test::scaleAttention("scaled");
  attention.extents[0].name = "D */ int x; /*";
  Program program;
  program.add("scaled.h", headerOf(attention, "odd */ ?\?/ \\"));
  CHECK(program.compiles("#include \"scaled.h\"\nint call(void);\nint call(void) { return scaled_defaults().q != NULL; }\n"));
}

TEST_CASE("names that would be declared twice are refused") {
  sema::Attention first = test::scaleAttention("a"), second = test::scaleAttention("a_args");
  llvm::Expected<std::string> header = writeHeader({&first, &second}, "both");
  REQUIRE(!header);
  CHECK(llvm::toString(header.takeError()).find("`a_args`") != std::string::npos);
}

TEST_CASE("a C program links the object and its header, nothing else") {
  Program program;
  program.add("scaled.h", headerOf(test::scaleAttention("scaled"), "scaled"));
  program.add("scaled.o", test::compileScale("scaled", Optimisation::Quick, true));
  program.add("main.c", R"(#include "scaled.h"
int main(void) {
  float in[3] = {3, 6, 9}, out[3] = {0, 0, 0};
  int64_t shape[1] = {3};
  DLTensor q = {0}, o;
  attn_error e;
  scaled_args a = scaled_defaults();
  q.data = in; q.device.device_type = kDLCPU; q.ndim = 1; q.shape = shape;
  q.dtype.code = kDLFloat; q.dtype.bits = 32; q.dtype.lanes = 1;
  o = q; o.data = out;
  a.q = &q; a.o = &o;
  if (scaled(&a, NULL, &e) != ATTN_OK) return 1;
  if (out[0] != 1 || out[1] != 2 || out[2] != 3) return 2;
  a.o = NULL;
  return scaled(&a, NULL, &e) == ATTN_INVALID_ARGUMENT ? 0 : 3;
}
)");
  REQUIRE(program.run(ATTN_C_COMPILER " -std=c99 -Wall -Wextra -Werror main.c scaled.o -o main"));
  CHECK(program.run("./main"));
}
