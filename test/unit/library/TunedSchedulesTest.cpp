#include "compiler/library/TunedSchedules.h"

#include "test/unit/library/Specs.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace attn;
using namespace attn::library;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path outer;
  Folder() {
    std::string name = (fs::temp_directory_path() / "attn-tuned-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    outer = name;
  }
  ~Folder() { fs::remove_all(outer); }
  TunedSchedules store() const { return TunedSchedules(KernelCache((outer / "attn").string())); }
  fs::path file() const {
    for (const auto &entry : fs::directory_iterator(outer / "attn"))
      if (entry.path().filename().string().size() > 40)
        return entry.path();
    return {};
  }
};

const TunedSchedule example{"#attn.schedule<lanes = 16>", "2026-11-23", 1.5, 2.25};

} // namespace

TEST_CASE("what was tuned is found for the same spec, extents near it and the same CPU, until it is forgotten") {
  Folder folder;
  TunedSchedules store = folder.store();
  auto spec = test::specOf("attention a { layout mha }"), other = test::specOf("attention a { layout mha; mask = causal }");
  auto data = test::dataOf(*spec, {{"B", 1}, {"H", 2}, {"I", 100}, {"J", 130}, {"D", 16}});
  const sema::Attention &attention = *spec->find("a");
  auto find = [&](const Spec &which, std::map<std::string, int64_t> dims, CompileRequest request = {}) {
    auto own = test::dataOf(which, std::move(dims));
    return store.find(which, *which.find("a"), own.binding, request).tuned;
  };
  std::map<std::string, int64_t> same{{"B", 1}, {"H", 2}, {"I", 100}, {"J", 130}, {"D", 16}};
  CHECK_FALSE(find(*spec, same));
  REQUIRE(bool(store.remember(*spec, attention, data.binding, {}, example)));
  auto found = find(*spec, same);
  REQUIRE(found);
  CHECK(found->schedule == example.schedule);
  CHECK(found->day == example.day);
  CHECK(found->milliseconds == example.milliseconds);
  CHECK(found->chosenMilliseconds == example.chosenMilliseconds);
  CHECK(find(*spec, {{"B", 1}, {"H", 2}, {"I", 120}, {"J", 110}, {"D", 16}}));
  CHECK_FALSE(find(*spec, {{"B", 1}, {"H", 2}, {"I", 300}, {"J", 130}, {"D", 16}}));
  CHECK_FALSE(find(*spec, {{"B", 1}, {"H", 2}, {"I", 100}, {"J", 130}, {"D", 17}}));
  CHECK_FALSE(find(*other, same));
  CompileRequest baseline;
  baseline.cpu = "x86-64";
  CHECK_FALSE(find(*spec, same, baseline));

  Result<bool> forgotten = store.forget(*spec, attention, data.binding, {});
  REQUIRE(bool(forgotten));
  CHECK(*forgotten);
  CHECK_FALSE(find(*spec, same));
  forgotten = store.forget(*spec, attention, data.binding, {});
  REQUIRE(bool(forgotten));
  CHECK_FALSE(*forgotten);
}

TEST_CASE("what was tuned and can't be read is said to be damaged, and replaced") {
  Folder folder;
  TunedSchedules store = folder.store();
  auto spec = test::specOf("attention a { layout mha }");
  auto data = test::dataOf(*spec, {{"B", 1}, {"H", 2}, {"I", 100}, {"J", 130}, {"D", 16}});
  const sema::Attention &attention = *spec->find("a");
  CHECK_FALSE(store.find(*spec, attention, data.binding, {}).isDamaged);
  REQUIRE(bool(store.remember(*spec, attention, data.binding, {}, example)));
  for (uintmax_t size : {uintmax_t(0), uintmax_t(20), fs::file_size(folder.file()) - 1}) {
    fs::resize_file(folder.file(), size);
    TunedSchedules::Lookup found = store.find(*spec, attention, data.binding, {});
    CHECK_FALSE(found.tuned);
    CHECK(found.isDamaged);
    REQUIRE(bool(store.remember(*spec, attention, data.binding, {}, example)));
    CHECK(store.find(*spec, attention, data.binding, {}).tuned);
  }
  TunedSchedule longer = example;
  longer.day = "some other day";
  REQUIRE(bool(store.remember(*spec, attention, data.binding, {}, longer)));
  CHECK(store.find(*spec, attention, data.binding, {}).isDamaged);
}
