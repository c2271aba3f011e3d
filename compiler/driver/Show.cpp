#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Picture.h"
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
  if (!options.output.empty() && options.kind != "svg" && options.kind != "png" && options.kind != "txt") {
    status = usageError(fmt::format("`-o {}`: a picture is a .svg, .png or .txt file", options.output));
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
  if (options.quantities.empty())
    options.quantities.push_back(Quantity::Mask);
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

} // namespace

int driver::showMain(const Arguments &arguments) {
  int status = exitSuccess;
  std::optional<ShowOptions> options = parseShow(arguments, status);
  if (!options)
    return status;
  std::shared_ptr<const Spec> spec = openSpec(arguments.files.front(), status);
  if (!spec)
    return status;
  const sema::Attention *chosen = chooseAttention(*spec, arguments, status);
  if (!chosen)
    return status;
  Result<sema::Attention> special = specialise(*chosen, options->fixed);
  Result<std::vector<sema::NodeId>> nodes =
      special ? pictureNodes(*special, options->quantities) : Result<std::vector<sema::NodeId>>(special.failure());
  if (!nodes) {
    printError(nodes.message());
    return exitInput;
  }
  bool hasTiles = std::count(options->quantities.begin(), options->quantities.end(), Quantity::Tiles);
  options->inputs.onlyNodes = *std::move(nodes);
  options->inputs.allFeatures = hasTiles;
  std::vector<std::string> errors;
  std::optional<RunData> data = gatherInputs(*special, options->inputs, errors);
  for (const std::string &error : errors)
    printError(error);
  if (!data)
    return exitInput;
  for (const std::string &note : data->notes)
    printNote(note);
  if (!hasMask(*special))
    printNote(fmt::format("`{}` has no mask: every query sees every key", special->name));

  PictureRequest request;
  request.quantities = options->quantities;
  request.batches = options->batches;
  request.heads = options->heads;
  if (hasTiles) {
    CompileRequest compile;
    compile.cpu = arguments.value(OptionId::Cpu).value_or("");
    CompileReport report;
    std::optional<TileSize> tile = tileSize(*special, *data, compile, report);
    if (!tile)
      return compileError(report);
    request.tile = *tile;
  }
  request.grid = [&](size_t panels, int64_t queries, int64_t keys, Quantity quantity) {
    if (options->isText())
      return picture::terminalGrid(options->width, panels, queries, keys, quantity);
    return picture::imageGrid(queries, keys, options->kind == "svg" ? 240 : 480);
  };
  std::optional<Progress> progress(std::in_place, "drawing");
  Result<picture::Figure> figure = makeFigure(*special, *data, request);
  progress.reset();
  if (!figure) {
    printError(figure.message());
    return exitInput;
  }
  bool isColored = options->output.empty() && useColor(STDOUT_FILENO);
  std::string made = options->isText() ? picture::terminalText(*figure, {options->width, isColored})
                                       : imageOf(*figure, *options);
  if (options->output.empty())
    return writeOut(made) ? exitSuccess : exitInput;
  if (made.empty()) {
    printError(fmt::format("cannot make {}: there is not enough memory", options->output));
    return exitInput;
  }
  if (Status written = writeWhole(options->output, made); !written) {
    printError(written.message());
    return exitInput;
  }
  return exitSuccess;
}
