#include "compiler/source/SourceFile.h"
#include "test/unit/Catch.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace attn;

namespace {

/// A folder of its own for a test, removed afterwards.
struct TemporaryFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("attn-source-test-" + std::to_string(::getpid()));
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  std::string write(const std::string &name, const std::string &text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return (path / name).string();
  }
};

} // namespace

TEST_CASE("a file is read as it is, NUL and other bytes included") {
  TemporaryFolder folder;
  std::string text("a\0b\xFF\r\n", 6);
  SourceManager sources;
  std::string reason;
  const SourceFile *file = sources.open(folder.write("bytes.attn", text), reason);
  REQUIRE(file);
  CHECK(file->text() == text);
}

TEST_CASE("a file is read once, whatever path leads to it") {
  TemporaryFolder folder;
  folder.write("a.attn", "def f = 1\n");
  std::filesystem::create_symlink(folder.path / "a.attn", folder.path / "b.attn");
  SourceManager sources;
  std::string reason;
  const SourceFile *file = sources.open((folder.path / "a.attn").string(), reason);
  REQUIRE(file);
  CHECK(sources.open((folder.path / "." / "b.attn").string(), reason) == file);
}

TEST_CASE("what can't be read is refused with the reason") {
  TemporaryFolder folder;
  SourceManager sources;
  std::string reason;
  CHECK_FALSE(sources.open((folder.path / "missing.attn").string(), reason));
  CHECK(reason == "no such file");
  CHECK_FALSE(sources.open(folder.path.string(), reason));
  CHECK(reason == "is a directory");
  CHECK_FALSE(sources.open("", reason));
  CHECK(reason == "not a file name");
  CHECK_FALSE(sources.open(std::string("a\0b", 3), reason));
  CHECK(reason == "not a file name");
}

TEST_CASE("files over the limit are refused without being read whole") {
  TemporaryFolder folder;
  SourceManager sources;
  std::string reason;
  CHECK(sources.open(folder.write("full.attn", std::string(maximumSourceSize, '\n')), reason));
  CHECK_FALSE(sources.open(folder.write("over.attn", std::string(maximumSourceSize + 1, '\n')), reason));
  CHECK(reason == "larger than 4 MiB");
  CHECK_FALSE(sources.open("/dev/zero", reason));
  CHECK(reason == "larger than 4 MiB");
}

TEST_CASE("files stay where they are as others are added") {
  SourceManager sources;
  const SourceFile *first = sources.addText("<first>", "abc");
  for (int n = 0; n < 1000; ++n)
    sources.addText("<more>", "x");
  CHECK(first->text() == "abc");
  CHECK(first->path() == "<first>");
}
