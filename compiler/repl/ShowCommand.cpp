#include "compiler/repl/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Picture.h"
#include "compiler/picture/Terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

using namespace attn;
using namespace attn::repl;
using namespace attn::console;
using namespace attn::library;
using picture::Quantity;

namespace {

constexpr Quantity quantities[] = {Quantity::Mask, Quantity::Tiles, Quantity::Score, Quantity::Weight};

} // namespace

std::vector<std::string> repl::pictureNames() {
  std::vector<std::string> names;
  for (Quantity quantity : quantities)
    names.emplace_back(nameOf(quantity));
  return names;
}

/// `mask tiles gemma`: what to draw, then of which attention.
Outcome Commands::show(const std::string &argument) {
  struct Work {
    PictureRequest request;
    std::optional<RunData> data;
    CompileReport report;
    std::optional<Result<picture::Figure>> figure;
  };
  auto work = std::make_shared<Work>();
  PictureRequest &request = work->request;
  std::string name;
  for (size_t begin = 0; begin < argument.size();) {
    size_t end = std::min(argument.find_first_of(", ", begin), argument.size());
    std::string word = argument.substr(begin, end - begin);
    begin = end + 1;
    auto quantity =
        std::find_if(std::begin(quantities), std::end(quantities), [&](Quantity one) { return nameOf(one) == word; });
    if (quantity != std::end(quantities))
      request.quantities.push_back(*quantity);
    else if (!word.empty() && session.spec(word))
      name = word;
    else if (!word.empty()) {
      std::vector<std::string> known = pictureNames(), attentions = session.attentions();
      known.insert(known.end(), attentions.begin(), attentions.end());
      std::string close = closestName(word, known);
      printError(close.empty() ? fmt::format("`:show {}`: it takes mask, tiles, score, weights, and an attention", word)
                               : fmt::format("`:show {}`: did you mean `{}`?", word, close));
      return Outcome::Failed;
    }
  }
  if (request.quantities.empty())
    request.quantities.push_back(Quantity::Mask);
  std::optional<Chosen> chosen = choose(name);
  if (!chosen)
    return Outcome::Failed;
  const sema::Attention &attention = *chosen->attention;
  Result<std::vector<sema::NodeId>> nodes = pictureNodes(attention, request.quantities);
  if (!nodes) {
    printError(nodes.message());
    return Outcome::Failed;
  }
  bool hasTiles = std::count(request.quantities.begin(), request.quantities.end(), Quantity::Tiles) > 0;
  InputRequest inputs = session.bindings.requestFor(attention);
  inputs.onlyNodes = *std::move(nodes);
  inputs.allFeatures = hasTiles;
  inputs.stop = &threads->stopped();
  std::vector<std::string> errors;
  work->data = gatherInputs(attention, inputs, errors);
  printErrors(errors);
  if (!work->data)
    return threads->stopped() ? stopped() : Outcome::Failed;
  int width = std::clamp<int>(int(terminalWidth()), picture::leastTerminalWidth, 160);
  request.grid = [width](size_t panels, int64_t queries, int64_t keys, Quantity quantity) {
    return picture::terminalGrid(width, panels, queries, keys, quantity);
  };
  if (!apart([work, chosen, hasTiles] {
        std::optional<TileSize> tile =
            hasTiles ? tileSize(*chosen->attention, *work->data, {}, work->report) : TileSize{};
        if (!tile)
          return;
        work->request.tile = *tile;
        work->figure.emplace(makeFigure(*chosen->attention, *work->data, work->request));
      }))
    return stopped();
  if (!work->figure) {
    compileError(work->report);
    return Outcome::Failed;
  }
  if (!*work->figure) {
    printError(work->figure->message());
    return Outcome::Failed;
  }
  return writeOut(picture::terminalText(**work->figure, {width, useColor(STDOUT_FILENO)})) ? Outcome::Done
                                                                                           : Outcome::Failed;
}
