// What share of tiles each mask's kernel skips, and visits without the mask, beside the shares that a look at every pair gives.

#include "compiler/library/Facts.h"
#include "compiler/library/TileVisits.h"
#include "compiler/library/Runner.h"
#include "test/unit/Catch.h"

#include <fmt/format.h>

#include <functional>

using namespace attn;
using namespace attn::library;

namespace {

using Fill = std::function<int64_t(int64_t)>;

struct MaskCase {
  const char *what;
  std::string spec; ///< an example's name, or the lines of an attention over layout mha
  std::map<std::string, int64_t> dims;
  std::vector<std::pair<std::string, std::string>> scalars = {};
  std::map<std::string, Fill> tables = {}; ///< element by its number in row-major order
  /// The least shares of the truly empty and full tiles that must be found.
  double empty = 1, full = 1;
};

int64_t wave(int64_t n, int64_t period) { return (n * 2654435761 >> 7) % period; }

/// Documents of 300 to 900 tokens.
int64_t documentOf(int64_t position) {
  int64_t document = 0;
  for (int64_t end = 0;; ++document)
    if ((end += 300 + wave(document + 1, 600)) > position)
      return document;
}

int64_t documentStart(int64_t document) {
  int64_t start = 0;
  for (int64_t n = 0; n < document; ++n)
    start += 300 + wave(n + 1, 600);
  return start;
}

std::map<std::string, int64_t> sizes(int64_t queries, int64_t keys, std::map<std::string, int64_t> more = {}) {
  more.insert({{"B", 1}, {"H", 1}, {"G", 1}, {"I", queries}, {"J", keys}, {"D", 4}});
  return more;
}

std::vector<MaskCase> cases() {
  Fill document = [](int64_t n) { return documentOf(n); };
  // One prompt of 1500 tokens, and continuations of 400.
  Fill continuation = [](int64_t n) { return n < 1500 ? 0 : 1 + (n - 1500) / 400; };
  Fill continuationStart = [](int64_t n) { return n == 0 ? 0 : std::min<int64_t>(1500 + (n - 1) * 400, 4000); };
  // Eight rows of windows of 8 by 8 pixels, in an image of 64 by 64 in row order.
  Fill window = [](int64_t n) { return n / 64 / 8 * 8 + n % 64 / 8; };
  // After a shift by 4: the last rows and columns come from the other side.
  Fill region = [](int64_t n) { return (n / 64 >= 60) * 2 + (n % 64 >= 60); };
  return {
      {"causal", "causal", sizes(4096, 4096)},
      {"causal, a cache of 3000 keys", "causal-cache", sizes(1096, 4096), {{"p", "3000"}}},
      {"causal from the lower right", "causal-bottom-right", sizes(1000, 4096)},
      {"inverse causal", "inverse-causal", sizes(4096, 4096)},
      {"padding", "padding", sizes(1024, 4096, {{"B", 3}}), {}, {{"len", [](int64_t n) { return n * 1700; }}}},
      {"sliding window, 512", "sliding-window", sizes(4096, 4096), {{"w", "512"}}},
      {"StreamingLLM, window 512", "streaming-llm", sizes(4096, 4096), {{"w", "512"}}},
      {"causal chunks of 1000", "chunked", sizes(4096, 4096), {{"c", "1000"}}},
      {"dilated, every 2nd of 300", "dilated", sizes(4096, 4096), {{"w", "300"}, {"r", "2"}}},
      {"dilated, every 200th of 1000", "dilated", sizes(4096, 4096), {{"w", "1000"}, {"r", "200"}}},
      {"strided sparse, 256", "strided-sparse", sizes(4096, 4096), {{"l", "256"}}},
      {"fixed sparse, 256 and 8", "fixed-sparse", sizes(4096, 4096), {{"l", "256"}, {"c", "8"}}},
      {"Longformer, 256 and 20 global",
       "longformer",
       sizes(4096, 4096, {{"N", 4096}}),
       {{"w", "256"}},
       {{"glob", [](int64_t n) { return n < 16 || (n >= 2000 && n < 2004); }}}},
      {"BigBird, blocks of 64",
       "bigbird",
       sizes(4096, 4096, {{"N", 64}, {"R", 3}}),
       {{"c", "64"}, {"w", "192"}},
       {{"blocks", [](int64_t n) { return wave(n + 5, 64); }}}},
      {"block pattern of 128",
       "block-pattern",
       sizes(4096, 4096, {{"X", 32}, {"Y", 32}}),
       {{"n", "128"}},
       {{"pattern", [](int64_t n) { return wave(n + 3, 4) == 0; }}}},
      {"prefix LM",
       "prefix-lm",
       sizes(2048, 2048, {{"B", 2}}),
       {},
       {{"prompt", [](int64_t n) { return 700 + 300 * n; }}}},
      {"documents", "documents", sizes(4096, 4096, {{"N", 4096}}), {}, {{"doc", document}}},
      {"documents, a window inside each",
       "packed-documents",
       sizes(4096, 4096, {{"N", 4096}, {"T", 16}}),
       {{"w", "128"}},
       {{"doc", document}, {"off", documentStart}}},
      {"shared prefix",
       "shared-prefix",
       sizes(3900, 3900, {{"N", 8}, {"T", 3900}, {"M", 7}}),
       {},
       {{"doc", continuation}, {"off", continuationStart}, {"pre", [](int64_t) { return 0; }}}},
      {"Transfusion",
       "transfusion",
       sizes(4096, 4096, {{"N", 4096}}),
       {},
       {{"img", [](int64_t n) { return n % 1000 < 300 ? -1 : n / 1000; }}}},
      {"block diffusion, 64", "block-diffusion", sizes(4096, 4096), {{"n", "2048"}, {"c", "64"}}},
      {"block diffusion, 100", "block-diffusion", sizes(4000, 4000), {{"n", "2000"}, {"c", "100"}}},
      {"token tree",
       "tree-decoding",
       sizes(64, 4064, {{"N", 64}}),
       {{"p", "4000"}},
       {{"tree",
         [](int64_t n) {
           int64_t node = n / 64, ancestor = n % 64;
           while (node > ancestor)
             node = (node - 1) / 2;
           return node == ancestor;
         }}}},
      {"NATTEN, 13 of 64 by 64", "natten", sizes(4096, 4096), {{"rows", "64"}, {"cols", "64"}, {"kern", "13"}}},
      {"NATTEN, 31 of 64 by 64", "natten", sizes(4096, 4096), {{"rows", "64"}, {"cols", "64"}, {"kern", "31"}}},
      {"NATTEN in tiles of 8, 31",
       "natten-tiled",
       sizes(4096, 4096),
       {{"rows", "64"}, {"cols", "64"}, {"kern", "31"}, {"n", "8"}}},
      {"NATTEN in Morton order, 13",
       "natten-morton",
       sizes(4096, 4096),
       {{"rows", "64"}, {"cols", "64"}, {"kern", "13"}}},
      {"NATTEN in Morton order, 31",
       "natten-morton",
       sizes(4096, 4096),
       {{"rows", "64"}, {"cols", "64"}, {"kern", "31"}}},
      {"sliding tile, 8 by 8, 2-D", "sliding-tile-2d", sizes(4096, 4096), {{"cols", "64"}, {"n", "8"}}},
      {"sliding tile, 4, 3-D, row order", "sliding-tile-3d", sizes(4096, 4096), {{"rows", "16"}, {"cols", "16"}, {"n", "4"}}},
      {"Swin windows",
       "swin-windows",
       sizes(4096, 4096, {{"N", 4096}}),
       {},
       {{"win", window}, {"region", [](int64_t) { return 0; }}}},
      {"Swin windows, shifted",
       "swin-windows",
       sizes(4096, 4096, {{"N", 4096}}),
       {},
       {{"win", window}, {"region", region}}},
      {"Swin windows, gathered",
       "swin-windows",
       sizes(4096, 4096, {{"N", 4096}}),
       {},
       {{"win", [](int64_t n) { return n / 256; }}, {"region", [](int64_t n) { return n / 256 == 15 ? n / 64 : 0; }}}},
      {"video, spatial", "video-spatial", sizes(4000, 4000), {{"n", "300"}, {"t", "100"}}},
      {"video, temporal", "video-temporal", sizes(4000, 4000), {{"n", "400"}}},
      {"Flamingo",
       "flamingo",
       sizes(2048, 2048, {{"M", 8}}),
       {{"n", "256"}},
       {{"lo", [](int64_t n) { return n * 250; }}, {"hi", [](int64_t n) { return n * 250 + 400; }}}},
      {"any mask, as a tensor",
       "custom-mask",
       sizes(1024, 1024),
       {},
       {{"allowed", [](int64_t n) { return (n / 1024 / 100 + n % 1024 / 150) % 3 == 0; }}}},
      {"causal in tiles of 1000", "n: int\nmask = tiled(causal, n)", sizes(4000, 4000), {{"n", "1000"}}},
      {"checkerboard", "checkerboard", sizes(1024, 1024)},
      {"every other key", "skip-keys", sizes(1024, 1024)},
      {"nothing", "nothing-visible", sizes(1024, 1024)},
      {"everything", "dense", sizes(1024, 1024)},
  };
}

std::shared_ptr<const Spec> specOf(const MaskCase &one) {
  if (one.spec.find('=') != std::string::npos)
    return Spec::fromText("mask.attn", "attention a {\n  layout mha\n" + one.spec + "\n}\n");
  auto spec = Spec::open(ATTN_EXAMPLES "/" + one.spec + ".attn");
  INFO(one.spec);
  REQUIRE(spec);
  return *spec;
}

RunData dataOf(const sema::Attention &attention, const MaskCase &one) {
  InputRequest request;
  for (const sema::Extent &extent : attention.extents)
    if (auto size = one.dims.find(extent.name); size != one.dims.end() && !extent.fixed)
      request.dims.insert(*size);
  request.scalars = one.scalars;
  request.random = true;
  // Tables are given as zeros, and filled afterwards.
  for (const std::string &line : signature(attention))
    if (size_t colon = line.find(':'), open = line.find('['); one.tables.count(line.substr(0, colon)))
      request.tensors.push_back({line.substr(0, colon), "randint(0, 1, " + line.substr(open + 1, line.size() - open - 2) + ")"});
  REQUIRE(request.tensors.size() == one.tables.size());
  std::vector<std::string> errors;
  auto data = gatherInputs(attention, request, errors);
  INFO((errors.empty() ? std::string() : errors.front()));
  REQUIRE(data);
  for (size_t n = 0; n < attention.tensors.size(); ++n)
    if (auto fill = one.tables.find(attention.tensors[n].name); fill != one.tables.end())
      for (int64_t at = 0; at < data->tensors[n].elementCount(); ++at)
        data->tensors[n].setInteger(at, fill->second(at));
  return std::move(*data);
}

double percent(int64_t count, int64_t of) { return of == 0 ? 0 : 100 * double(count) / double(of); }

} // namespace

TEST_CASE("tiles are skipped, and spared the mask, wherever they are empty or full") {
  Compiler compiler{std::optional<KernelCache>()};
  fmt::print("{:34} {:>7} {:>15} {:>15} {:>15}\n{:34} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}\n", "", "", "empty tiles, %", "full tiles, %",
             "pairs, %", "mask", "tiles", "true", "found", "true", "found", "visible", "visited");
  for (const MaskCase &one : cases()) {
    INFO(one.what);
    std::shared_ptr<const Spec> spec = specOf(one);
    INFO(render(spec->diagnostics()));
    REQUIRE(spec->isGood());
    const sema::Attention &attention = spec->program().attentions.front();
    RunData data = dataOf(attention, one);
    CompileRequest request;
    request.onlyVisits = true;
    CompileReport report;
    auto visits = loadFor(compiler, spec, attention, data, request, report);
    INFO(report.failure << render(report.diagnostics));
    REQUIRE(visits);
    std::optional<Facts> facts = findFactsOfRun(attention, data.binding, request, report);
    REQUIRE(facts);
    Result<TileVisits> found = countVisits(*visits, data, *facts);
    INFO((found ? std::string() : found.message()));
    REQUIRE(found);
    TileVisits truth = countTruly(attention, data, facts->schedule.rowBlock(), facts->schedule.keyBlock);
    fmt::print("{:34} {:>7} {:7.2f} {:7.2f} {:7.2f} {:7.2f} {:7.2f} {:7.2f}\n", one.what, truth.tiles, percent(truth.empty, truth.tiles),
               percent(found->empty, truth.tiles), percent(truth.full, truth.tiles), percent(found->full, truth.tiles),
               100 * truth.visitedPairs, 100 * found->visitedPairs);
    CHECK(found->tiles == truth.tiles);
    CHECK(found->empty <= truth.empty);
    CHECK(found->full <= truth.full);
    CHECK(double(found->empty) >= one.empty * double(truth.empty));
    CHECK(double(found->full) >= one.full * double(truth.full));
  }
}
