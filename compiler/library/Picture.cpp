#include "compiler/library/Picture.h"

#include "compiler/library/Facts.h"
#include "compiler/library/Rasters.h"
#include "compiler/picture/Ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace attn;
using namespace attn::library;
using picture::Figure;
using picture::Panel;
using picture::Quantity;
using picture::Raster;

namespace {

/// Multiply-adds that one panel of scores or weights may be: a few seconds of the oracle.
constexpr double valueWork = 1e9;
constexpr size_t mostPanels = 64;

sema::NodeId nodeOf(const sema::Attention &attention, Quantity quantity) {
  return quantity == Quantity::Score    ? attention.score
         : quantity == Quantity::Weight ? attention.weight
                                        : attention.mask;
}

/// What a plane depends on, of b and h.
struct Varies {
  bool batch = false, head = false;
};

Varies variesOf(const sema::Attention &attention, Quantity quantity) {
  sema::CoordinateSet set = attention.node(nodeOf(attention, quantity)).varies | attention.node(attention.mask).varies;
  for (sema::CoordinateId coordinate : {sema::coordinateI, sema::coordinateJ})
    if (sema::ExtentId id = attention.coordinates[coordinate].extent; id != sema::none && attention.extents[id].perBatch)
      set |= sema::setOf(sema::coordinateB);
  return {(set & sema::setOf(sema::coordinateB)) != 0,
          (set & (sema::setOf(sema::coordinateH) | sema::setOf(sema::coordinateG))) != 0};
}

struct Plane {
  Quantity quantity;
  int64_t batch = 0, head = 0;
  std::string title;
};

std::string percent(double part, double whole) {
  double share = whole > 0 ? 100 * part / whole : 0;
  return share > 0 && share < 0.1 ? fmt::format("{:.2g} %", share) : fmt::format("{:.1f} %", share);
}

std::string cellText(const Raster &raster) {
  auto size = [](const std::vector<int64_t> &edges) {
    int64_t least = edges.back(), most = 0;
    for (size_t n = 1; n < edges.size(); ++n) {
      least = std::min(least, edges[n] - edges[n - 1]);
      most = std::max(most, edges[n] - edges[n - 1]);
    }
    return least == most ? fmt::format("{}", most) : fmt::format("{}–{}", least, most);
  };
  return fmt::format("a cell is {} × {} pairs", size(raster.queryEdges), size(raster.keyEdges));
}

class FigureMaker {
public:
  FigureMaker(const sema::Attention &attention, const RunData &data, const PictureRequest &request)
      : attention(attention), data(data), request(request), classifier(attention, data) {}

  Result<Figure> make();

private:
  Status choosePlanes();
  Result<Panel> panelOf(const Plane &plane);
  void fillMaskPanel(Panel &panel);
  void fillTilePanel(Panel &panel);
  Status fillValuePanel(const Plane &plane, Panel &panel);
  std::string sizes() const;

  const sema::Attention &attention;
  const RunData &data;
  const PictureRequest &request;
  MaskClassifier classifier;
  std::vector<Plane> planes;
};

/// The numbers wanted, or the first.
Result<std::vector<int64_t>> chosen(const std::optional<Numbers> &wanted, int64_t count, std::string_view option,
                                    std::string_view plural) {
  std::vector<int64_t> numbers = wanted ? wanted->list : std::vector<int64_t>{0};
  for (int64_t n = 0; wanted && wanted->all && n < count; ++n)
    numbers.push_back(n);
  if (!wanted)
    return numbers;
  for (int64_t number : numbers)
    if (number < 0 || number >= count)
      return Failure{count == 1 ? fmt::format("there is no {} {}: the only {} is 0", option, number, option)
                                : fmt::format("there is no {} {}: the {} are 0 to {}", option, number, plural, count - 1)};
  return numbers;
}

Status FigureMaker::choosePlanes() {
  int64_t batches = classifier.batches(), heads = classifier.heads();
  Result<std::vector<int64_t>> wantedBatches = chosen(request.batches, batches, "batch", "batches");
  Result<std::vector<int64_t>> wantedHeads = chosen(request.heads, heads, "head", "heads");
  if (!wantedBatches || !wantedHeads)
    return wantedBatches ? wantedHeads.failure() : wantedBatches.failure();
  for (Quantity quantity : request.quantities) {
    Varies varies = variesOf(attention, quantity);
    auto differing = [](const std::vector<int64_t> &numbers, bool differ) {
      return std::vector<int64_t>(numbers.begin(), numbers.begin() + (differ ? ptrdiff_t(numbers.size()) : 1));
    };
    for (int64_t batch : batches > 0 ? differing(*wantedBatches, varies.batch) : std::vector<int64_t>())
      for (int64_t head : heads > 0 ? differing(*wantedHeads, varies.head) : std::vector<int64_t>()) {
        if (planes.size() == mostPanels)
          return Failure{fmt::format("more than {} pictures; choose batches and heads with --batch and --head", mostPanels)};
        std::string where;
        if (varies.batch && batches > 1)
          where = fmt::format("b = {}", batch);
        if (varies.head && heads > 1)
          where += fmt::format("{}h = {}", where.empty() ? "" : ", ", head);
        if (!varies.batch && batches > 1)
          where += where.empty() ? "all batches" : ", all batches";
        if (!varies.head && heads > 1)
          where += where.empty() ? "all heads" : where == "all batches" ? " and heads" : ", all heads";
        planes.push_back({quantity, batch, head,
                          fmt::format("{}{}{}", picture::nameOf(quantity), where.empty() ? "" : ", ", where)});
      }
  }
  return std::monostate();
}

void FigureMaker::fillMaskPanel(Panel &panel) {
  RasterTruth truth = fillMask(classifier, panel.raster);
  const Raster &raster = panel.raster;
  double visible = 0, pairs = double(raster.queries()) * double(raster.keys());
  for (size_t row = 0; row < raster.rows(); ++row)
    for (size_t column = 0; column < raster.columns(); ++column)
      visible += double(raster.at(row, column).visible) *
                 double(raster.queryEdges[row + 1] - raster.queryEdges[row]) *
                 double(raster.keyEdges[column + 1] - raster.keyEdges[column]);
  bool isExact = truth.sampledCells == 0 && truth.within == 0;
  std::string note = fmt::format("{} of {} pairs are visible", percent(visible, pairs), picture::countText(pairs));
  if (raster.cells.size() < pairs)
    note += "; " + cellText(raster);
  panel.notes.push_back(note + (isExact ? ", counted exactly" : ""));
  if (truth.within > 0)
    panel.notes.push_back(fmt::format("a cell's share is off by at most {}", percent(truth.within, 1)));
  if (truth.sampledCells)
    panel.notes.push_back(fmt::format("{} of {} cells are estimated from at most {} of their pairs", truth.sampledCells,
                                      truth.cells, truth.samples));
}

void FigureMaker::fillTilePanel(Panel &panel) {
  RasterTruth truth = fillTiles(classifier, panel.raster, request.tile.queries, request.tile.keys);
  const Raster &raster = panel.raster;
  auto unitsOf = [](const std::vector<int64_t> &edges, size_t n, int64_t step) {
    return double((edges[n + 1] - edges[n] + step - 1) / step);
  };
  double full = 0, mixed = 0, all = 0;
  for (size_t row = 0; row < raster.rows(); ++row)
    for (size_t column = 0; column < raster.columns(); ++column) {
      double tiles = unitsOf(raster.queryEdges, row, request.tile.queries) *
                     unitsOf(raster.keyEdges, column, request.tile.keys);
      full += tiles * double(raster.at(row, column).visible);
      mixed += tiles * double(raster.at(row, column).mixed);
      all += tiles;
    }
  panel.notes.push_back(fmt::format("{} tiles of {} queries × {} keys: {} empty, {} full, {} mixed",
                                    picture::countText(all), request.tile.queries, request.tile.keys,
                                    percent(all - full - mixed, all), percent(full, all), percent(mixed, all)));
  if (truth.sampledCells)
    panel.notes.push_back(fmt::format("{} of {} cells are estimated from {} of their tiles", truth.sampledCells,
                                      truth.cells, truth.samples));
}

Status FigureMaker::fillValuePanel(const Plane &plane, Panel &panel) {
  bool isWeight = plane.quantity == Quantity::Weight;
  Raster &raster = panel.raster;
  Result<RasterTruth> truth = fillValues(attention, data, plane.batch, plane.head, nodeOf(attention, plane.quantity),
                                         isWeight, raster, valueWork);
  if (!truth)
    return truth.failure();
  bool any = false;
  double leastPositive = 0;
  for (const picture::Cell &cell : raster.cells) {
    if (cell.visible <= 0 || !std::isfinite(cell.value))
      continue;
    panel.low = any ? std::min(panel.low, double(cell.value)) : cell.value;
    panel.high = any ? std::max(panel.high, double(cell.value)) : cell.value;
    if (cell.value > 0)
      leastPositive = leastPositive > 0 ? std::min(leastPositive, double(cell.value)) : cell.value;
    any = true;
  }
  if (isWeight && panel.low >= 0 && leastPositive > 0 && panel.high > 30 * leastPositive) {
    panel.low = std::max(leastPositive, panel.high * 1e-4);
    panel.logarithmic = true;
  }
  panel.notes.push_back(any ? fmt::format("{} to {}{}", picture::numberText(panel.low), picture::numberText(panel.high),
                                          panel.logarithmic ? ", logarithmically" : "")
                            : "no key is visible");
  if (double(raster.cells.size()) < double(raster.queries()) * double(raster.keys()))
    panel.notes.push_back(fmt::format("{}: its {}", cellText(raster),
                                      isWeight ? "share of a query's weight, the mean over its queries"
                                               : "mean over visible pairs"));
  if (truth->rowsPerCell)
    panel.notes.push_back(fmt::format("computed for {} of each row of cells", truth->rowsPerCell == 1
                                                                                   ? "1 query"
                                                                                   : fmt::format("{} queries", truth->rowsPerCell)));
  // A score that differs from feature to feature has no one picture.
  constexpr sema::CoordinateSet plain = (sema::setOf(sema::coordinateJ) << 1) - 1;
  sema::CoordinateSet features = attention.node(nodeOf(attention, plane.quantity)).varies & ~plain;
  for (size_t n = 0; n < attention.coordinates.size(); ++n)
    if (features & sema::setOf(sema::CoordinateId(n)))
      panel.notes.push_back(fmt::format("at {} = 0", attention.coordinates[n].name));
  return std::monostate();
}

Result<Panel> FigureMaker::panelOf(const Plane &plane) {
  classifier.enter(plane.batch, plane.head);
  Panel panel;
  panel.quantity = plane.quantity;
  panel.title = plane.title;
  int64_t queries = classifier.queries(), keys = classifier.keys();
  bool isTiles = plane.quantity == Quantity::Tiles;
  panel.raster = picture::cut(queries, keys, request.grid(planes.size(), queries, keys, plane.quantity),
                              isTiles ? request.tile.queries : 1, isTiles ? request.tile.keys : 1);
  if (plane.quantity == Quantity::Mask)
    fillMaskPanel(panel);
  else if (isTiles)
    fillTilePanel(panel);
  else if (Status filled = fillValuePanel(plane, panel); !filled)
    return filled.failure();
  if (!classifier.failure().empty())
    return Failure{classifier.failure()};
  return panel;
}

std::string FigureMaker::sizes() const {
  std::string text;
  for (sema::CoordinateId coordinate :
       {sema::coordinateB, sema::coordinateH, sema::coordinateG, sema::coordinateI, sema::coordinateJ}) {
    sema::ExtentId id = attention.coordinates[coordinate].extent;
    // What needn't be given is 1, and nobody asked for it.
    bool isSmall = coordinate < sema::coordinateI && id != sema::none && data.binding.extents[id] == int64_t(1);
    if (id == sema::none || !data.binding.extents[id] || isSmall)
      continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", attention.extents[id].name, *data.binding.extents[id]);
  }
  for (size_t n = 0; n < attention.scalars.size(); ++n)
    if (const auto &value = data.binding.scalars[n]; value && attention.scalars[n].extent == sema::none)
      text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", attention.scalars[n].name,
                          attention.scalars[n].kind == sema::ScalarKind::Float  ? picture::numberText(value->real)
                          : attention.scalars[n].kind == sema::ScalarKind::Bool ? (value->integer ? "true" : "false")
                                                                                : fmt::format("{}", value->integer));
  return text;
}

Result<Figure> FigureMaker::make() {
  if (Status chosen = choosePlanes(); !chosen)
    return chosen.failure();
  if (planes.empty())
    return Failure{fmt::format("`{}` has no {} here: there is nothing to show", attention.name,
                               classifier.batches() > 0 ? "head" : "batch")};
  Figure figure;
  figure.title = attention.name;
  figure.subtitle = sizes();
  for (const Plane &plane : planes) {
    Result<Panel> panel = panelOf(plane);
    if (!panel)
      return panel.failure();
    figure.panels.push_back(*std::move(panel));
  }
  return figure;
}

} // namespace

Result<std::vector<sema::NodeId>> library::pictureNodes(const sema::Attention &attention,
                                                        const std::vector<Quantity> &quantities) {
  std::vector<sema::NodeId> nodes{attention.mask};
  for (Quantity quantity : quantities) {
    sema::NodeId node = nodeOf(attention, quantity);
    if (node == sema::none)
      return Failure{fmt::format("`{}` has no {}: no output needs one", attention.name,
                                 quantity == Quantity::Score ? "score" : "weights")};
    // Whether a key is visible may depend on its score.
    nodes.push_back(node);
    if (quantity == Quantity::Weight && attention.score != sema::none)
      nodes.push_back(attention.score);
  }
  return nodes;
}

std::optional<TileSize> library::tileSize(const sema::Attention &attention, const RunData &data,
                                          const CompileRequest &request, CompileReport &report) {
  std::optional<Facts> facts = findFactsOfRun(attention, data.binding, request, report);
  if (!facts)
    return std::nullopt;
  return TileSize{facts->schedule.rowBlock(), facts->schedule.keyBlock};
}

bool library::hasMask(const sema::Attention &attention) {
  const sema::Node &mask = attention.node(attention.mask);
  return mask.kind != sema::NodeKind::Boolean || !mask.integer;
}

Result<Figure> library::makeFigure(const sema::Attention &attention, const RunData &data,
                                   const PictureRequest &request) {
  return FigureMaker(attention, data, request).make();
}
