#include "compiler/library/KernelCache.h"

#include "test/unit/Catch.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace attn;
using namespace attn::library;
namespace fs = std::filesystem;
using Outcome = KernelCache::Outcome;

namespace {

/// A folder that doesn't exist yet, in one that goes with the test.
struct Folder {
  fs::path outer, path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "attn-cache-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    outer = name;
    path = outer / "deep" / "attn";
  }
  ~Folder() { fs::remove_all(outer); }
  KernelCache cache(uint64_t mostBytes = uint64_t(256) << 20) const { return KernelCache(path.string(), mostBytes); }
  std::vector<fs::path> files() const {
    std::vector<fs::path> list;
    for (const auto &entry : fs::directory_iterator(path))
      if (entry.path().filename().string().size() > 40)
        list.push_back(entry.path());
    return list;
  }
};

std::string contentOf(const fs::path &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write(const fs::path &path, const std::string &content) { std::ofstream(path, std::ios::binary) << content; }

std::string codeOf(int number, size_t size) {
  std::string code(size, char(number));
  for (size_t n = 0; n < size; ++n)
    code[n] = char(code[n] + n * n % 251);
  return code;
}

} // namespace

TEST_CASE("what was stored is found, by its key alone") {
  Folder folder;
  CHECK(folder.cache().find("key").outcome == Outcome::Miss);
  REQUIRE(bool(folder.cache().store("key", "code")));
  KernelCache::Lookup found = folder.cache().find("key");
  CHECK(found.outcome == Outcome::Hit);
  CHECK(found.code == "code");
  CHECK(folder.cache().find("kez").outcome == Outcome::Miss);
  CHECK(folder.cache().find("").outcome == Outcome::Miss);
  REQUIRE(bool(folder.cache().store("key", "newer")));
  CHECK(folder.cache().find("key").code == "newer");
  struct stat status {};
  REQUIRE(stat(folder.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("what is removed is gone, and nothing else") {
  Folder folder;
  KernelCache cache = folder.cache();
  Result<bool> removed = cache.remove("one");
  REQUIRE(bool(removed));
  CHECK_FALSE(*removed);
  REQUIRE(bool(cache.store("one", "first")));
  REQUIRE(bool(cache.store("two", "second")));
  removed = cache.remove("one");
  REQUIRE(bool(removed));
  CHECK(*removed);
  CHECK(cache.find("one").outcome == Outcome::Miss);
  CHECK(cache.find("two").code == "second");
  REQUIRE(chmod(folder.path.c_str(), 0777) == 0);
  CHECK_FALSE(bool(cache.remove("two")));
}

TEST_CASE("code that isn't whole is not believed") {
  Folder folder;
  KernelCache cache = folder.cache();
  std::string code = codeOf(3, 300);
  REQUIRE(bool(cache.store("key", code)));
  REQUIRE(folder.files().size() == 1);
  fs::path file = folder.files().front();
  std::string whole = contentOf(file);
  for (size_t size = 0; size < whole.size(); ++size) {
    write(file, whole.substr(0, size));
    CHECK(cache.find("key").outcome == Outcome::Damaged);
  }
  write(file, whole + '\0');
  CHECK(cache.find("key").outcome == Outcome::Damaged);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = char(changed[at] ^ (1 << at % 8));
    write(file, changed);
    CHECK(cache.find("key").outcome == Outcome::Damaged);
  }
  write(file, std::string(whole.size(), '\0'));
  CHECK(cache.find("key").outcome == Outcome::Damaged);
  REQUIRE(bool(cache.store("key", code)));
  CHECK(cache.find("key").code == code);
}

TEST_CASE("code under another's name is not believed") {
  Folder folder;
  KernelCache cache = folder.cache();
  REQUIRE(bool(cache.store("one", "first")));
  fs::path first = folder.files().front();
  REQUIRE(bool(cache.store("two", "second")));
  for (const fs::path &file : folder.files())
    if (file != first)
      fs::copy_file(file, first, fs::copy_options::overwrite_existing);
  CHECK(cache.find("one").outcome == Outcome::Damaged);
  CHECK(cache.find("two").code == "second");
}

TEST_CASE("threads and processes may write and read the same keys at once") {
  Folder folder;
  constexpr int keys = 4, rounds = 60;
  auto work = [&](int seed) {
    KernelCache cache = folder.cache();
    int wrong = 0;
    for (int n = 0; n < rounds; ++n) {
      std::string key = std::to_string((n * 7 + seed) % keys), code = codeOf(key[0], 20000);
      if (n % 3 == 0)
        wrong += !cache.store(key, code);
      KernelCache::Lookup found = cache.find(key);
      wrong += found.outcome == Outcome::Hit ? found.code != code : found.outcome != Outcome::Miss;
    }
    return wrong;
  };
  std::vector<pid_t> children;
  for (int n = 0; n < 3; ++n) {
    pid_t child = fork();
    if (child == 0)
      _exit(work(n) != 0);
    children.push_back(child);
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int n = 0; n < 3; ++n)
    threads.emplace_back([&, n] { wrong += work(n + 3); });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(wrong == 0);
  for (pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(folder.files().size() == keys);
}

TEST_CASE("a folder stays below its bound, and keeps what is used") {
  Folder folder;
  constexpr uint64_t bound = 100000;
  KernelCache cache = folder.cache(bound);
  for (int n = 0; n < 40; ++n) {
    REQUIRE(bool(cache.store(std::to_string(n), codeOf(n, 9000))));
    uint64_t total = 0;
    for (const fs::path &file : folder.files())
      total += fs::file_size(file);
    CHECK(total <= bound);
  }
  CHECK(folder.files().size() > 5);
  write(folder.path / "mine.txt", std::string(bound, 'x'));
  REQUIRE(bool(cache.store("last", codeOf(1, 9000))));
  CHECK(fs::exists(folder.path / "mine.txt"));
}

TEST_CASE("a folder that others can write to is not trusted") {
  Folder folder;
  KernelCache cache = folder.cache();
  REQUIRE(bool(cache.store("key", "code")));
  REQUIRE(chmod(folder.path.c_str(), 0777) == 0);
  KernelCache::Lookup found = cache.find("key");
  CHECK(found.outcome == Outcome::Unusable);
  CHECK(found.why == "others may write to " + folder.path.string() + "; `chmod go-w` it");
  CHECK_FALSE(bool(cache.store("key", "code")));
  if (geteuid() == 0) {
    REQUIRE(chmod(folder.path.c_str(), 0700) == 0);
    REQUIRE(chown(folder.path.c_str(), 12345, 12345) == 0);
    CHECK(cache.find("key").why == folder.path.string() + " belongs to someone else");
  }
}

TEST_CASE("a place where no folder can be is a failure with a reason") {
  Folder folder;
  write(folder.outer / "deep", "a file");
  Status stored = folder.cache().store("key", "code");
  REQUIRE_FALSE(bool(stored));
  CHECK(stored.message().starts_with("cannot make "));
  CHECK(folder.cache().find("key").outcome == Outcome::Miss);
  CHECK(KernelCache("/dev/null").find("key").outcome == Outcome::Unusable);
}

TEST_CASE("the folder of a person is where the variables say") {
  Folder folder;
  std::string home = folder.outer.string();
  auto filesAfter = [&](const char *own, const char *caches) {
    own ? setenv("ATTN_CACHE_DIR", own, 1) : unsetenv("ATTN_CACHE_DIR");
    caches ? setenv("XDG_CACHE_HOME", caches, 1) : unsetenv("XDG_CACHE_HOME");
    setenv("HOME", home.c_str(), 1);
    std::optional<KernelCache> cache = KernelCache::ofThisPerson();
    return cache && cache->store("key", "code");
  };
  CHECK_FALSE(filesAfter("", nullptr));
  CHECK(filesAfter(nullptr, "relative/is/ignored"));
  CHECK(fs::exists(folder.outer / ".cache" / "attn"));
  CHECK(filesAfter(nullptr, (home + "/xdg").c_str()));
  CHECK(fs::exists(folder.outer / "xdg" / "attn"));
  CHECK(filesAfter((home + "/own").c_str(), (home + "/other").c_str()));
  CHECK(fs::exists(folder.outer / "own"));
  CHECK_FALSE(fs::exists(folder.outer / "other"));
  setenv("ATTN_CACHE_DIR", "", 1);
}

TEST_CASE("this build of the compiler is told by itself and by what it runs with") {
  Result<std::string> identity = compilerIdentity();
  REQUIRE(bool(identity));
  // This program, LLVM and MLIR, twenty bytes each or eight.
  std::istringstream words(*identity);
  int count = 0;
  for (std::string word; words >> word; ++count)
    CHECK(word.size() >= 16);
  CHECK(count == 3);
  CHECK(*compilerIdentity() == *identity);
}
