#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Facts.h"
#include "compiler/library/Picture.h"
#include "compiler/library/SpecPage.h"
#include "compiler/picture/Canvas.h"
#include "compiler/picture/Svg.h"
#include "compiler/picture/Terminal.h"
#include "runtime/file/WholeFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace attn;
using namespace attn::driver;
using namespace attn::library;
using picture::Quantity;

namespace {

struct ShowOptions {
  InputRequest inputs;
  std::map<std::string, int64_t> fixed;
  std::vector<Quantity> quantities;
  std::optional<Numbers> batches, heads;
  std::string output, kind; ///< kind: the output's ending; empty: the terminal
  picture::Appearance appearance = picture::Appearance::Auto;
  int width = 0; ///< columns or pixels

  bool isText() const { return output.empty() || kind == "txt"; }
};

std::optional<std::vector<Quantity>> parseWhat(const Arguments &arguments, int &status) {
  constexpr Quantity all[] = {Quantity::Mask, Quantity::Tiles, Quantity::Score, Quantity::Weight};
  std::vector<Quantity> quantities;
  for (const std::string &text : arguments.values(OptionId::What))
    for (size_t begin = 0; begin <= text.size();) {
      size_t comma = std::min(text.find(',', begin), text.size());
      std::string name = text.substr(begin, comma - begin);
      begin = comma + 1;
      auto found = std::find_if(std::begin(all), std::end(all), [&](Quantity one) { return nameOf(one) == name; });
      if (found == std::end(all)) {
        std::string close = closestName(name, {"mask", "tiles", "score", "weights"});
        status = usageError(close.empty() ? fmt::format("`--what {}`: it takes mask, tiles, score and weights", text)
                                          : fmt::format("`--what {}`: did you mean `{}`?", text, close));
        return std::nullopt;
      }
      if (std::find(quantities.begin(), quantities.end(), *found) == quantities.end())
        quantities.push_back(*found);
    }
  return quantities;
}

/// `0,4-7` or `all`. No value where the option isn't given; false on a mistake.
bool parseNumbers(const Arguments &arguments, OptionId option, std::string_view shown, std::optional<Numbers> &numbers,
                  int &status) {
  constexpr int64_t most = 4096;
  for (const std::string &text : arguments.values(option)) {
    if (!numbers)
      numbers.emplace();
    if (text == "all") {
      numbers->all = true;
      continue;
    }
    bool good = !text.empty();
    for (size_t begin = 0; good && begin <= text.size();) {
      size_t comma = std::min(text.find(',', begin), text.size());
      const char *place = text.data() + begin, *end = text.data() + comma;
      int64_t first = 0, last = 0;
      auto [rest, error] = std::from_chars(place, end, first);
      good = error == std::errc() && first >= 0;
      last = first;
      if (good && rest != end) {
        good = *rest == '-';
        auto [ending, problem] = std::from_chars(good ? rest + 1 : rest, end, last);
        good = good && problem == std::errc() && ending == end && last >= first && last - first < most;
      }
      for (int64_t n = first; good && n <= last; ++n)
        numbers->list.push_back(n);
      begin = comma + 1;
    }
    if (!good) {
      status = usageError(fmt::format("`{} {}`: expected numbers, ranges or `all`, like `{} 0,4-7`", shown, text, shown));
      return false;
    }
  }
  if (numbers && numbers->all)
    numbers->list.clear();
  return true;
}

std::string endingOf(const std::string &path) {
  size_t slash = path.rfind('/'), dot = path.rfind('.');
  return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? "" : path.substr(dot + 1);
}

bool parseTheme(const Arguments &arguments, ShowOptions &options, int &status) {
  std::optional<std::string> name = arguments.value(OptionId::Theme);
  if (!name)
    return true;
  if (options.isText())
    status = usageError("`--theme` is of no use for text: the terminal has its own colours");
  else if (*name == "light" || *name == "dark")
    options.appearance = *name == "dark" ? picture::Appearance::Dark : picture::Appearance::Light;
  else if (*name != "auto")
    status = usageError(fmt::format("`--theme {}`: it takes light, dark and auto", *name));
  return status == exitSuccess;
}

int terminalWidth() {
  winsize size{};
  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 80;
  return std::clamp<int>(size.ws_col, picture::leastTerminalWidth, 160);
}

std::optional<ShowOptions> parseShow(const Arguments &arguments, int &status) {
  ShowOptions options;
  auto inputs = parseInputs(arguments, status);
  auto fixed = inputs ? parseExtents(arguments, OptionId::Set, status) : std::nullopt;
  auto quantities = fixed ? parseWhat(arguments, status) : std::nullopt;
  if (!quantities || !parseNumbers(arguments, OptionId::Batch, "--batch", options.batches, status) ||
      !parseNumbers(arguments, OptionId::Head, "--head", options.heads, status))
    return std::nullopt;
  options.output = arguments.value(OptionId::Output).value_or("");
  options.kind = endingOf(options.output);
  if (!options.output.empty() && options.kind != "svg" && options.kind != "png" && options.kind != "txt" &&
      options.kind != "html") {
    status = usageError(fmt::format("`-o {}`: a picture is a .svg, .png or .txt file, a page an .html file", options.output));
    return std::nullopt;
  }
  uint64_t least = options.isText() ? picture::leastTerminalWidth : picture::leastImageWidth;
  auto width = parseNumber(arguments, OptionId::Width, "--width", least, options.isText() ? 1000 : 4000, 0, status);
  if (!width || !parseTheme(arguments, options, status))
    return std::nullopt;
  options.inputs = *std::move(inputs);
  options.fixed = *std::move(fixed);
  options.quantities = *std::move(quantities);
  options.width = *width ? int(*width) : options.output.empty() ? terminalWidth() : options.isText() ? 80 : 0;
  return options;
}

/// What a file holds. Empty where there isn't enough memory for the image.
std::string imageOf(const picture::Figure &figure, const ShowOptions &options) {
  size_t panels = std::clamp<size_t>(figure.panels.size(), 1, 3);
  picture::Drawing drawing = picture::arrange(figure, options.width ? options.width : 180 + 420 * double(panels));
  if (options.kind == "svg")
    return picture::svgText(drawing, options.appearance);
  bool isDark = options.appearance == picture::Appearance::Dark;
  return picture::pngBytes(picture::paint(drawing, isDark ? picture::darkTheme() : picture::lightTheme(), 2));
}

class Shower {
public:
  Shower(const Arguments &arguments, ShowOptions options) : options(std::move(options)) {
    compile.cpu = arguments.value(OptionId::Cpu).value_or("");
  }

  /// What is drawn of one attention. Nothing on failure; `status` says how.
  std::optional<picture::Figure> draw(const sema::Attention &attention, int &status);
  /// A section of a page for it.
  std::optional<picture::PageSection> section(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, int &status);
  int write(const std::string &made) const;

  const ShowOptions options;

private:
  std::optional<RunData> gather(const sema::Attention &attention, const std::vector<Quantity> &quantities, int &status);
  std::optional<picture::Figure> figureOf(const sema::Attention &attention, const RunData &data,
                                          const std::vector<Quantity> &quantities, int &status);

  CompileRequest compile;
};

bool fails(std::string_view problem, int &status) {
  printError(problem);
  status = exitInput;
  return false;
}

std::optional<RunData> Shower::gather(const sema::Attention &attention, const std::vector<Quantity> &quantities,
                                      int &status) {
  Result<std::vector<sema::NodeId>> nodes = pictureNodes(attention, quantities);
  if (!nodes && !fails(nodes.message(), status))
    return std::nullopt;
  InputRequest inputs = options.inputs;
  inputs.onlyNodes = *std::move(nodes);
  inputs.allFeatures =
      options.kind == "html" || std::count(quantities.begin(), quantities.end(), Quantity::Tiles) > 0;
  std::vector<std::string> errors;
  std::optional<RunData> data = gatherInputs(attention, inputs, errors);
  for (const std::string &error : errors)
    fails(error, status);
  if (data)
    for (const std::string &note : data->notes)
      printNote(note);
  return data;
}

std::optional<picture::Figure> Shower::figureOf(const sema::Attention &attention, const RunData &data,
                                                const std::vector<Quantity> &quantities, int &status) {
  if (!hasMask(attention))
    printNote(fmt::format("`{}` has no mask: every query sees every key", attention.name));
  PictureRequest request;
  request.quantities = quantities;
  request.batches = options.batches;
  request.heads = options.heads;
  if (std::count(quantities.begin(), quantities.end(), Quantity::Tiles)) {
    CompileReport report;
    std::optional<TileSize> tile = tileSize(attention, data, compile, report);
    if (!tile) {
      status = compileError(report);
      return std::nullopt;
    }
    request.tile = *tile;
  }
  request.grid = [&](size_t panels, int64_t queries, int64_t keys, Quantity quantity) {
    if (options.isText())
      return picture::terminalGrid(options.width, panels, queries, keys, quantity);
    return picture::imageGrid(queries, keys, options.kind == "png" ? 480 : 240);
  };
  Progress progress("drawing");
  Result<picture::Figure> figure = makeFigure(attention, data, request);
  if (figure)
    return *std::move(figure);
  fails(figure.message(), status);
  return std::nullopt;
}

std::optional<picture::Figure> Shower::draw(const sema::Attention &attention, int &status) {
  std::vector<Quantity> quantities = options.quantities;
  if (quantities.empty())
    quantities.push_back(Quantity::Mask);
  std::optional<RunData> data = gather(attention, quantities, status);
  return data ? figureOf(attention, *data, quantities, status) : std::nullopt;
}

std::optional<picture::PageSection> Shower::section(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, int &status) {
  std::vector<Quantity> quantities = options.quantities;
  if (quantities.empty()) {
    quantities = {Quantity::Mask};
    // Tiles are the compiler's; what it can't compile yet has none.
    CompileReport ignored;
    if (findFacts(attention, compile, ignored))
      quantities.push_back(Quantity::Tiles);
    for (Quantity quantity : {Quantity::Score, Quantity::Weight})
      if (options.inputs.random && pictureNodes(attention, {quantity}))
        quantities.push_back(quantity);
  }
  std::optional<RunData> data = gather(attention, quantities, status);
  std::optional<picture::Figure> figure = data ? figureOf(attention, *data, quantities, status) : std::nullopt;
  if (!figure)
    return std::nullopt;
  picture::PageSection section = pageSection(spec, attention, *data, compile);
  section.figure = *std::move(figure);
  return section;
}

int Shower::write(const std::string &made) const {
  if (options.output.empty())
    return writeOut(made) ? exitSuccess : exitInput;
  if (made.empty()) {
    printError(fmt::format("cannot make {}: there is not enough memory", options.output));
    return exitInput;
  }
  Status written = writeWhole(options.output, made);
  if (!written)
    printError(written.message());
  return written ? exitSuccess : exitInput;
}

} // namespace

int driver::showMain(const Arguments &arguments) {
  int status = exitSuccess;
  std::optional<ShowOptions> options = parseShow(arguments, status);
  if (!options)
    return status;
  std::shared_ptr<const Spec> spec = openSpec(arguments.files.front(), status);
  if (!spec)
    return status;
  Shower shower(arguments, *std::move(options));
  bool isPage = shower.options.kind == "html";
  std::vector<const sema::Attention *> chosen;
  if (isPage && !arguments.has(OptionId::Only) && !spec->names().empty())
    for (const std::string &name : spec->names())
      chosen.push_back(spec->find(name));
  else
    chosen.push_back(chooseAttention(*spec, arguments, status));
  if (!chosen.front())
    return status;

  picture::Page page = specPage(*spec);
  for (const sema::Attention *attention : chosen) {
    Result<sema::Attention> special = specialise(*attention, shower.options.fixed);
    if (!special) {
      printError(special.message());
      return exitInput;
    }
    if (!isPage) {
      std::optional<picture::Figure> figure = shower.draw(*special, status);
      if (!figure)
        return status;
      bool isColored = shower.options.output.empty() && useColor(STDOUT_FILENO);
      return shower.write(shower.options.isText() ? picture::terminalText(*figure, {shower.options.width, isColored})
                                                  : imageOf(*figure, shower.options));
    }
    std::optional<picture::PageSection> section = shower.section(spec, *special, status);
    if (!section)
      return status;
    page.sections.push_back(*std::move(section));
  }
  return shower.write(picture::pageText(page, shower.options.appearance));
}
