#include "compiler/library/Explanation.h"

#include "compiler/codegen/ExportedName.h"
#include "compiler/irgen/Visibility.h"
#include "compiler/library/Accuracy.h"
#include "compiler/library/ErrorBound.h"
#include "compiler/library/Facts.h"
#include "compiler/library/MaskStatistics.h"
#include "compiler/library/Runner.h"
#include "compiler/library/Schedules.h"
#include "compiler/library/TileVisits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

using namespace attn;
using namespace attn::library;

namespace {

std::string coordinatesText(const sema::Attention &attention, sema::CoordinateSet set) {
  std::string text;
  for (size_t n = 0; n < attention.coordinates.size(); ++n)
    if (set & sema::setOf(sema::CoordinateId(n)))
      text += (text.empty() ? "" : ", ") + attention.coordinates[n].name;
  return text;
}

/// How often a value that varies with these is computed.
std::string howOften(sema::CoordinateSet varies) {
  bool i = varies & sema::setOf(sema::coordinateI), j = varies & sema::setOf(sema::coordinateJ);
  if (i && j)
    return "for every pair of query and key";
  if (j)
    return "once for every key";
  if (i)
    return "once for every query";
  if (varies & (sema::setOf(sema::coordinateH) | sema::setOf(sema::coordinateG)))
    return "once for every head";
  if (varies & sema::setOf(sema::coordinateB))
    return "once for every batch";
  return varies ? "where it is used" : "once";
}

std::string shortened(std::string text, size_t most = 72) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= most)
    return text;
  size_t end = most - 3;
  while (end > 0 && (uint8_t(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end) + "...";
}

std::string extentsText(const sema::Attention &attention, const RunData *data) {
  std::string text;
  for (size_t n = 0; n < attention.extents.size(); ++n) {
    const sema::Extent &extent = attention.extents[n];
    std::string value = extent.fixed                            ? fmt::format("{}, fixed", *extent.fixed)
                        : data && data->binding.extents[n]      ? fmt::format("{}", *data->binding.extents[n])
                        : extent.perBatch                       ? std::string("differs from batch to batch")
                        : extent.binding == sema::ExtentBinding::Input ? std::string("given by the caller")
                                                                       : std::string();
    std::string how = extent.binding == sema::ExtentBinding::Dimension ? "bound by the tensors"
                      : extent.value != sema::none && !extent.fixed
                          ? fmt::format("= {}", shortened(sema::format(attention, extent.value)))
                          : "";
    text += fmt::format("  {:<4}{}{}{}\n", extent.name, how, !how.empty() && !value.empty() ? ": " : "", value);
  }
  return text.empty() ? "" : "extents\n" + text;
}

std::string definitionsText(const sema::Attention &attention) {
  size_t width = 6;
  for (const sema::Definition &definition : attention.definitions)
    width = std::max(width, definition.name.size());
  std::string text;
  auto add = [&](const std::string &name, sema::NodeId id) {
    if (id == sema::none)
      return;
    const sema::Node &node = attention.node(id);
    text += fmt::format("  {:<{}}  [{}] {}, computed {}\n", name, width, coordinatesText(attention, node.varies),
                        spelling(node.type), howOften(node.varies));
    text += fmt::format("  {:<{}}    {}\n", "", width, shortened(sema::format(attention, id)));
  };
  std::set<std::string> named;
  for (const sema::Definition &definition : attention.definitions) {
    add(definition.name, definition.value);
    named.insert(definition.name);
  }
  for (auto [name, id] : {std::pair("score", attention.score), std::pair("mask", attention.mask),
                          std::pair("weight", attention.weight)})
    if (!named.count(name))
      add(name, id);
  return "definitions, the coordinates each varies with, and how often it is computed\n" + text;
}

std::string scheduleText(const ScheduleFact &fact) {
  std::string text = fmt::format("  {} {} side by side in vectors of {} floats; {} keys at a time through the softmax, skipped in steps of {}\n",
                                 fact.queryBlock, fact.headsTogether ? "queries of the heads of a group" : "queries", fact.lanes, fact.keyBlock,
                                 fact.keyStep);
  text += fact.featuresInLanes ? fmt::format("  products with features in lanes, for {}: {} at a time\n", fact.featureRows == 1 ? "one query" : "few queries",
                                             fact.featureRows == 1 ? fmt::format("{} keys", fact.keyRows)
                                                                   : fmt::format("{0} keys × {1} queries, {1} queries × {2} features", fact.keyRows,
                                                                                 fact.featureRows, fact.keyRows * fact.lanes))
          : fact.onMatrixUnit  ? "  products on the matrix unit, which multiplies numbers of 16 bits and sums floats: 32 keys or features × 32 queries; for one of 32 bits, six of them\n" +
                                    std::string(fact.strips == 1 ? "" : fmt::format("  up to {} strips of {} queries share what brings a block of keys into its form\n", fact.strips, fact.queryBlock))
                               : fmt::format("  register tiles: {} keys and {} features × {} queries\n", fact.keyRows, fact.featureRows, fact.queryBlock);
  if (fact.partKeys == 0)
    return text + fmt::format("  the keys of a row block in one piece: {}\n", fact.whyWhole);
  return text + fmt::format("  of fewer than {} row blocks the keys are cut into parts of at least {}, as many as make {} tasks; the last task of a row block to be done merges them\n",
                            fact.tasks, fact.partKeys, fact.tasks);
}

std::string factsText(const Facts &facts) {
  std::string text = "matrix products\n";
  for (const std::string &product : facts.products)
    text += fmt::format("  {}\n", product);
  if (facts.products.empty())
    text += "  none\n";
  if (!facts.pairwise.empty())
    text += "for every pair of query and key, queries in lanes\n";
  for (const std::string &sum : facts.pairwise)
    text += fmt::format("  {}\n", sum);
  if (!facts.close.empty())
    text += "for pairs of a query and a key so close to each other that a product would lose digits\n";
  for (const std::string &sum : facts.close)
    text += fmt::format("  {}\n", sum);
  size_t guarded = 0;
  for (const AccessFact &access : facts.accesses)
    guarded += access.guarded;
  text += fmt::format("loads and divisions: {} proven right, {} compared with their limits as they run\n",
                      facts.accesses.size() - guarded, guarded);
  for (const AccessFact &access : facts.accesses)
    if (access.guarded)
      text += fmt::format("  `{}` at {}: not proven from the spec for every tensor and scalar\n", shortened(access.text),
                          access.place);
  text += "schedule\n" + scheduleText(facts.schedule);
  if (facts.few)
    text += fmt::format("  of runs with at most {} queries:\n", facts.mostFew) + scheduleText(*facts.few);
  std::string passes = facts.passes == 1 ? "one pass" : fmt::format("{} passes", facts.passes);
  std::string backwards = facts.descending ? fmt::format(", {}the last key first", facts.passes == 1 ? "" : fmt::format("{} of them with ", facts.descending)) : "";
  return text + fmt::format("  {} over the keys{}; nothing of the size I × J is kept but outputs that are\n", passes, backwards);
}

/// What the kernel of a run does with tiles.
Result<TileVisits> visitsOfRun(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData &data,
                               CompileRequest request, const Facts &facts) {
  if (!request.triple.empty())
    return Failure{"it is made for another machine"};
  if (irgen::scoreHidesKeys(attention))
    return Failure{"its score hides keys, too, for which it reads inputs that the mask doesn't"};
  request.onlyVisits = true;
  for (const sema::Extent &extent : attention.extents)
    if (extent.fixed)
      request.extents[extent.name] = *extent.fixed;
  Compiler compiler{std::optional<KernelCache>()};
  CompileReport report;
  std::shared_ptr<const Kernel> visits = loadFor(compiler, spec, attention, data, request, report);
  return visits ? countVisits(*visits, data, facts) : Failure{report.failure};
}

/// What the cost model expects of a run, and what it would have taken next.
std::string costText(const sema::Attention &attention, const RunData &data, const CompileRequest &request, const std::optional<MaskStatistics> &mask,
                     const Facts &facts) {
  double visible = mask && mask->pairs > 0 ? mask->visible / mask->pairs : 1;
  CompileReport own;
  auto list = scheduleAlternatives(attention, data.binding, forRun(attention, data.binding, request), visible, own);
  if (!list)
    return "";
  auto isTaken = [&](const ScheduleAlternative &one) { return one.fact.text == facts.schedule.text; };
  auto taken = std::find_if(list->begin(), list->end(), isTaken);
  if (taken == list->end() || taken->cost.total() <= 0)
    return "";
  const ScheduleCost &cost = taken->cost;
  std::string text;
  for (auto [part, name] : {std::pair(cost.products, "products"), {cost.conversions, "bringing operands and sums into form"}, {cost.scores, "scores between them"},
                            {cost.rows, "what comes before and after the keys"}, {cost.reading, "waiting for memory"}})
    if (double share = 100 * part / cost.total(); share >= 0.5)
      text += fmt::format("{}{:.0f} % {}", text.empty() ? "" : ", ", share, name);
  text = fmt::format("  expected of this run: {:.3g} million cycles; {}\n", cost.total() / 1e6, text);
  auto other = list->end();
  for (auto one = list->begin(); one != list->end(); ++one)
    if (!isTaken(*one) && (one->fact.onMatrixUnit != facts.schedule.onMatrixUnit || one->fact.featuresInLanes != facts.schedule.featuresInLanes) &&
        (other == list->end() || one->cost.total() < other->cost.total()))
      other = one;
  if (other != list->end())
    text += fmt::format("  {}: {:.2f} times as much{}\n", shortText(other->fact), other->cost.total() / cost.total(),
                        other->cost.total() < cost.total() ? ", by this model, which isn't asked whether to use the matrix unit" : "");
  return text + "  `attnc tune` measures these and others\n";
}

std::string tunedText(const TunedSchedule &tuned) {
  return fmt::format("  tuned on {}: {:.3g} ms, where the compiler's choice took {:.3g}; `--no-tuned` takes that\n", tuned.day, tuned.milliseconds, tuned.chosenMilliseconds);
}

std::string maskText(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData &data,
                     const CompileRequest &request, const std::optional<Facts> &facts, const std::optional<MaskStatistics> &counted) {
  int64_t queries = facts ? facts->schedule.rowBlock() : 32, keys = facts ? facts->schedule.keyBlock : 128;
  if (!counted)
    return "mask: so many tiles are not counted here; `attnc show --what tiles` estimates them\n";
  MaskStatistics mask = *counted;
  Result<TileVisits> visits = facts ? visitsOfRun(spec, attention, data, request, *facts) : Failure{"there is none yet"};
  if (visits)
    mask.empty = visits->empty, mask.full = visits->full, mask.mixed = visits->mixed;
  double tiles = std::max<double>(1, double(mask.empty + mask.full + mask.mixed));
  std::string text = fmt::format("mask, in tiles of {} queries{} × {} keys over all batches and heads\n", queries,
                                 visits && facts->schedule.headsTogether ? " of the heads of a group" : "", keys);
  auto row = [&](const char *name, int64_t count, const char *meaning) {
    text += fmt::format("  {:<6}{:>10}  {:5.1f} %  {}\n", name, count, 100 * double(count) / tiles, meaning);
  };
  row("empty", mask.empty, "never visited");
  row("full", mask.full, "the mask costs nothing");
  row("mixed", mask.mixed, "the mask is applied");
  if (!visits)
    text += fmt::format("  by what the mask is, not by what the kernel finds of it: {}\n", visits.message());
  text += fmt::format("  {:.0f} of {:.0f} pairs are visible ({:.1f} %)\n", mask.visible, mask.pairs,
                      mask.pairs > 0 ? 100 * mask.visible / mask.pairs : 0.0);
  // Row blocks with the same range of keys in a row are one line; long lists are cut in the middle.
  std::vector<std::string> lines;
  for (size_t n = 0; n < mask.keyRanges.size();) {
    size_t end = n + 1;
    while (end < mask.keyRanges.size() && mask.keyRanges[end] == mask.keyRanges[n])
      ++end;
    auto [first, last] = mask.keyRanges[n];
    std::string range = last == 0 ? "no keys" : fmt::format("keys {} to {}", first, last - 1);
    lines.push_back(fmt::format("  queries {} to {}: {}\n", int64_t(n) * queries, int64_t(end) * queries - 1, range));
    n = end;
  }
  text += "loop bounds, first batch and head\n";
  for (size_t n = 0; n < lines.size(); ++n) {
    if (lines.size() > 8 && n == 4) {
      text += fmt::format("  … {} more row blocks …\n", lines.size() - 7);
      n = lines.size() - 3;
    }
    text += lines[n];
  }
  return text;
}

} // namespace

std::string library::explain(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData *data,
                             const CompileRequest &request, CompileReport &report, bool countTiles, const TunedSchedule *tuned) {
  std::string text = attention.name + "\n";
  for (const std::string &line : signature(attention))
    text += fmt::format("  {}\n", line);
  text += extentsText(attention, data) + definitionsText(attention);

  std::optional<Facts> facts = data ? findFactsOfRun(attention, data->binding, request, report) : findFacts(attention, request, report);
  std::optional<MaskStatistics> mask;
  if (int64_t queries = facts ? facts->schedule.rowBlock() : 32, keys = facts ? facts->schedule.keyBlock : 128;
      data && countTiles && canCountMask(attention, *data, queries, keys))
    mask = countMask(attention, *data, queries, keys);
  if (facts)
    text += factsText(*facts) + (tuned ? tunedText(*tuned) : "") + (data ? costText(attention, *data, request, mask, *facts) : "");
  if (data && countTiles)
    text += maskText(spec, attention, *data, request, facts, mask);

  text += "accuracy, as --check asks for it\n";
  BoundedAttention bounds = withBounds(attention);
  for (size_t n = 0; n < attention.outputs.size(); ++n) {
    std::string bound = bounds.kinds[n] == ErrorKind::Values ? fmt::format("({} + M / 2^21) of the largest |v| of a row", valueBound(attention.outputs[n].element).text)
                        : bounds.kinds[n] == ErrorKind::LogSumExp ? "1e-5 + M / 2^21"
                                                                  : "1e-5 of the row's largest magnitude";
    text += fmt::format("  {}: {}\n", attention.outputs[n].name, bound);
  }
  return text + "  M: the largest magnitude that enters a score of the row\n";
}
