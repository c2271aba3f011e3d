#include "test/unit/Catch.h"
#include "test/unit/runtime/TemporaryFolder.h"

#include "runtime/file/WholeFile.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace attn;
using namespace attn::test;

TEST_CASE("a file appears at commit, whole") {
  TemporaryFolder folder;
  std::string path = folder / "out.bin";
  {
    Result<WholeFile> file = WholeFile::create(path);
    REQUIRE(file);
    CHECK(file->write("first "));
    CHECK(!exists(path));
    CHECK(file->write("second"));
    CHECK(file->commit());
  }
  CHECK(contentOf(path) == "first second");
  CHECK(folder.names() == std::vector<std::string>{"out.bin"});
}

TEST_CASE("without commit nothing is left and an old file stays") {
  TemporaryFolder folder;
  std::string path = folder / "out.bin";
  CHECK(writeWhole(path, "old"));
  {
    Result<WholeFile> file = WholeFile::create(path);
    REQUIRE(file);
    CHECK(file->write("new"));
  }
  CHECK(contentOf(path) == "old");
  CHECK(folder.names() == std::vector<std::string>{"out.bin"});
}

TEST_CASE("permissions of an old file are kept, links followed") {
  TemporaryFolder folder;
  std::string path = folder / "real", link = folder / "link";
  CHECK(writeWhole(path, "old"));
  REQUIRE(chmod(path.c_str(), 0640) == 0);
  REQUIRE(symlink("real", link.c_str()) == 0);
  CHECK(writeWhole(link, "new"));
  CHECK(contentOf(path) == "new");
  struct stat status {};
  REQUIRE(lstat(link.c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("places that cannot be written") {
  TemporaryFolder folder;
  CHECK(writeWhole(folder / "none/out.npy", "x").message() ==
        "cannot write " + (folder / "none/out.npy") + ": there is no directory " + (folder / "none"));
  CHECK(writeWhole(folder / "", "x").message() == "cannot write " + (folder / "") + ": it is a directory");
  CHECK(writeWhole("", "x").message() == "cannot write a file without a name");
  CHECK(writeWhole(folder / "file", "x"));
  CHECK(writeWhole(folder / "file/out", "x").message() ==
        "cannot write " + (folder / "file/out") + ": Not a directory");
  if (geteuid() != 0) {
    REQUIRE(chmod((folder / "").c_str(), 0555) == 0);
    CHECK_THAT(writeWhole(folder / "new", "x").message(), Catch::Matchers::Contains("is not writable"));
    REQUIRE(chmod((folder / "").c_str(), 0755) == 0);
  }
  CHECK(folder.names() == std::vector<std::string>{"file"});
}

TEST_CASE("a device is written, not replaced") {
  CHECK(writeWhole("/dev/null", "x"));
  struct stat status {};
  REQUIRE(stat("/dev/null", &status) == 0);
  CHECK(S_ISCHR(status.st_mode));
  Status full = writeWhole("/dev/full", "x");
  REQUIRE(!full);
  CHECK(full.message() == "cannot write /dev/full: No space left on device");
}
