#include "compiler/library/TileVisits.h"

#include "compiler/library/Explanation.h"
#include "compiler/library/Runner.h"
#include "test/unit/library/Specs.h"

using namespace attn;
using namespace attn::library;

namespace {

/// What the mask needs, as `attnc explain` gathers it: no queries, keys or values.
RunData maskDataOf(const sema::Attention &attention, std::map<std::string, int64_t> dims,
                   std::vector<std::pair<std::string, std::string>> tensors = {}) {
  InputRequest request;
  request.dims = std::move(dims);
  request.tensors = std::move(tensors);
  request.random = true;
  request.onlyNodes = {attention.mask};
  request.allExtents = true;
  std::vector<std::string> errors;
  auto data = gatherInputs(attention, request, errors);
  INFO((errors.empty() ? std::string() : errors.front()));
  REQUIRE(data);
  return std::move(*data);
}

struct Found {
  Facts facts;
  Result<TileVisits> visits = Failure{"not counted"};
  TileVisits truth;
};

Found find(const std::string &text, std::map<std::string, int64_t> dims, std::vector<std::pair<std::string, std::string>> tensors = {}) {
  INFO(text);
  auto spec = test::specOf(text);
  const sema::Attention &attention = spec->program().attentions.front();
  RunData data = maskDataOf(attention, std::move(dims), std::move(tensors));
  CompileReport report;
  std::optional<Facts> facts = findFactsOfRun(attention, data.binding, {}, report);
  REQUIRE(facts);
  CompileRequest request;
  request.onlyVisits = true;
  Compiler compiler{std::optional<KernelCache>()};
  auto kernel = loadFor(compiler, spec, attention, data, request, report);
  INFO(report.failure);
  REQUIRE(kernel);
  Found found;
  found.facts = *facts;
  found.visits = countVisits(*kernel, data, *facts);
  found.truth = countTruly(attention, data, facts->schedule.queryBlock, facts->schedule.keyBlock);
  return found;
}

void checkTrue(const Found &found) {
  REQUIRE(found.visits);
  CHECK(found.visits->tiles == found.truth.tiles);
  CHECK(found.visits->empty == found.truth.empty);
  CHECK(found.visits->full == found.truth.full);
  CHECK(found.visits->mixed == found.truth.mixed);
}

const std::map<std::string, int64_t> plain{{"B", 2}, {"H", 3}, {"I", 300}, {"J", 400}, {"D", 16}};

} // namespace

TEST_CASE("a search needs no tensors but the mask's") {
  for (const char *mask : {"true", "causal", "window(50)", "chunked(100)"}) {
    INFO(mask);
    checkTrue(find(std::string("attention a { layout mha; mask = ") + mask + " }", plain));
  }
  checkTrue(find("attention a { layout mha; len: i32[B]; mask = j < len[b] }", plain, {{"len", "[128, 400]"}}));
}

TEST_CASE("several passes over the keys are counted as one") {
  for (const char *weight : {"sparsemax(score)", "sigmoid(score - max(j: score))", "exp(sum_after(score))"}) {
    Found found = find(std::string("attention a { layout mha; mask = causal; weight = ") + weight + " }", plain);
    INFO(weight);
    CHECK(found.facts.passes == found.facts.searches);
    checkTrue(found);
  }
}

TEST_CASE("a ragged batch takes the form for its longest sequence") {
  const char *text = "attention a { layout varlen; mask = causal }";
  std::map<std::string, int64_t> dims{{"H", 2}, {"G", 2}, {"Tq", 200}, {"Tk", 200}, {"D", 16}};
  Found many = find(text, dims, {{"cu_q", "[0, 10, 200]"}, {"cu_k", "[0, 10, 200]"}});
  checkTrue(many);
  CHECK(many.facts.schedule.queryBlock > 16);
  dims["Tq"] = 9;
  Found few = find(text, dims, {{"cu_q", "[0, 4, 9]"}, {"cu_k", "[0, 10, 200]"}});
  CHECK(few.facts.schedule.queryBlock <= 16);
  REQUIRE(few.visits);
  CHECK(few.visits->tiles == few.visits->empty + few.visits->full + few.visits->mixed);
  CHECK(few.visits->empty >= 0);
}

TEST_CASE("rows of the heads of a group share tiles") {
  Found found = find("attention a { layout gqa; len: i32[B]; mask = j < len[b] }", {{"B", 2}, {"H", 8}, {"G", 2}, {"I", 1}, {"J", 512}, {"D", 64}},
                     {{"len", "[512, 128]"}});
  REQUIRE(found.facts.schedule.headsTogether);
  REQUIRE(found.visits);
  int64_t columns = 512 / found.facts.schedule.keyBlock;
  CHECK(found.visits->tiles == 2 * 2 * columns);
  CHECK(found.visits->full == 2 * (columns + columns / 4));
  CHECK(found.visits->mixed == 0);
}

TEST_CASE("an explanation says whose counts they are") {
  auto spec = test::specOf("attention a { layout mha; mask = causal }");
  const sema::Attention &attention = spec->program().attentions.front();
  RunData data = maskDataOf(attention, plain);
  CompileReport report;
  CHECK(explain(spec, attention, &data, {}, report).find("by what the mask is") == std::string::npos);
  auto hiding = test::specOf("attention a { layout mha; doc: i32[N]; score = dot(q, k) if doc[i] == doc[j] else -inf; weight = sigmoid(score) }");
  const sema::Attention &hides = hiding->program().attentions.front();
  std::map<std::string, int64_t> dims = plain;
  dims["N"] = 400;
  RunData tables = maskDataOf(hides, dims);
  CHECK(explain(hiding, hides, &tables, {}, report).find("its score hides keys, too") != std::string::npos);
  CompileRequest elsewhere;
#ifdef __x86_64__
  elsewhere.triple = "aarch64-linux-gnu";
#else
  elsewhere.triple = "x86_64-linux-gnu";
#endif
  CHECK(explain(spec, attention, &data, elsewhere, report).find("by what the mask is, not by what the kernel finds of it: ") != std::string::npos);
}
