#include "compiler/repl/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/repl/Interrupt.h"
#include "runtime/tensor/InputExpression.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

using namespace attn;
using namespace attn::repl;
using namespace attn::console;
using session::trimmed;

namespace {

bool isName(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) { return std::isalnum(uint8_t(c)) || c == '_'; });
}

/// A whole number from `low` to `high`.
std::optional<uint64_t> wholeNumber(std::string_view text, uint64_t low, uint64_t high) {
  uint64_t value = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || value < low || value > high)
    return std::nullopt;
  return value;
}

} // namespace

/// Whether a value can be what it is given for, as far as that shows before a run; prints why not. `shown` is then what
/// it is.
bool Commands::checkValue(const std::string &name, const std::string &value, std::string &shown) {
  Result<std::string> source = session::sourceOf(value);
  if (!source) {
    printError(fmt::format("`{}`: {}", name, source.message()));
    return false;
  }
  shown = *source;
  session::Messages silent;
  std::optional<session::Probe> scope = session.probe("0", silent);
  sema::TensorId tensor = scope ? scope->attention.findTensor(name) : sema::none;
  sema::ScalarId scalar = scope ? scope->attention.findScalar(name) : sema::none;
  if (scalar != sema::none) {
    // The words of a run that lacks everything else are not about this.
    session::Bindings one;
    (void)one.set(name, value);
    library::InputRequest request = one.requestFor(scope->attention);
    std::vector<std::string> errors;
    (void)library::gatherInputs(scope->attention, request, errors);
    for (const std::string &error : errors)
      if (error.starts_with(fmt::format("scalar `{}`: ", name))) {
        printError(error);
        return false;
      }
    return true;
  }
  InputContext context;
  if (tensor != sema::none)
    context.element = ElementType(uint8_t(scope->attention.tensors[tensor].element));
  for (const auto &[extent, size] : session.bindings.dims())
    context.extents[extent] = size;
  if (!looksLikeInputExpression(*source)) {
    Result<Converted> read = library::readTensor(*source, context.element);
    if (!read) {
      printError(fmt::format("input `{}`: {}", name, read.message()));
      return false;
    }
    shown = read->tensor.describe();
    return true;
  }
  Result<Converted> made = evaluateInput(*source, context);
  if (made && made->tensor.rank() > 0) {
    shown = made->tensor.describe();
    return true;
  }
  if (made)
    return true;
  // What lacks only a shape gets it from the run.
  std::string problem = made.message();
  size_t rank = tensor != sema::none ? scope->attention.tensors[tensor].dimensions.size() : 1;
  context.shape = std::vector<int64_t>(rank, 1);
  if (evaluateInput(*source, context))
    return true;
  printError(fmt::format("input `{}`: {}", name, problem));
  return false;
}

Outcome Commands::set(const std::string &argument) {
  if (argument.empty()) {
    std::string text;
    for (const auto &[name, value] : session.bindings.values())
      text += fmt::format("{} = {}\n", name, value);
    for (const auto &[name, size] : session.bindings.dims())
      text += fmt::format("{} = {}\n", name, size);
    if (session.bindings.seed)
      text += fmt::format("all others are random, with seed {}\n", *session.bindings.seed);
    if (text.empty())
      printNote("no input has a value yet: `:set q = randn()`");
    return writeOut(text) ? Outcome::Done : Outcome::Failed;
  }
  size_t equals = argument.find('=');
  std::string name(trimmed(std::string_view(argument).substr(0, equals)));
  std::string value(equals == std::string::npos ? "" : trimmed(std::string_view(argument).substr(equals + 1)));
  if (!isName(name) || value.empty()) {
    printError(fmt::format("`:set {}` lacks a name or a value: write `:set w = 128`", argument));
    return Outcome::Failed;
  }
  bool isExtent = name[0] >= 'A' && name[0] <= 'Z';
  std::string shown = value;
  if (!isExtent && !checkValue(name, value, shown))
    return Outcome::Failed;
  Status done = session.bindings.set(name, value);
  if (!done) {
    printError(done.message());
    return Outcome::Failed;
  }
  session::KnownNames known = session.names();
  const std::vector<std::string> &names = isExtent ? known.extents : known.inputs;
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::string close = closestName(name, names);
    printNote(fmt::format("nothing here takes a value `{}` yet{}", name,
                          close.empty() ? "" : fmt::format("; did you mean `{}`?", close)));
  }
  return writeOut(fmt::format("{}: {}\n", name, shown)) ? Outcome::Done : Outcome::Failed;
}

Outcome Commands::unset(const std::string &argument) {
  if (session.bindings.unset(argument))
    return Outcome::Done;
  printError(fmt::format("`{}` has no value", argument));
  return Outcome::Failed;
}

Outcome Commands::dims(const std::string &argument) {
  std::vector<std::pair<std::string, std::string>> sizes;
  for (size_t begin = 0; begin < argument.size();) {
    size_t end = std::min(argument.find_first_of(", \t\n", begin), argument.size());
    std::string entry = argument.substr(begin, end - begin);
    begin = end + 1;
    if (entry.empty())
      continue;
    size_t equals = entry.find('=');
    std::string name = entry.substr(0, equals);
    bool isExtent = isName(name) && name[0] >= 'A' && name[0] <= 'Z';
    if (equals == std::string::npos || !isExtent ||
        !wholeNumber(std::string_view(entry).substr(equals + 1), 0, INT64_MAX)) {
      printError(fmt::format("`{}` is not an extent and its size; write `:dims B=1 H=8`", entry));
      return Outcome::Failed;
    }
    sizes.push_back({name, entry.substr(equals + 1)});
  }
  session::KnownNames known = session.names();
  for (const auto &[name, size] : sizes) {
    (void)session.bindings.set(name, size);
    if (std::find(known.extents.begin(), known.extents.end(), name) == known.extents.end())
      printNote(fmt::format("nothing here has an extent `{}` yet", name));
  }
  std::string text;
  for (const auto &[name, size] : session.bindings.dims())
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, size);
  if (sizes.empty() && text.empty())
    printNote("no extent has a size yet: `:dims B=1 H=8 I=64 J=64 D=32`");
  else if (!writeOut(text + "\n"))
    return Outcome::Failed;
  return Outcome::Done;
}

Outcome Commands::random(const std::string &argument) {
  if (argument == "off") {
    session.bindings.seed.reset();
    return Outcome::Done;
  }
  std::optional<uint64_t> seed = argument.empty() ? 0 : wholeNumber(argument, 0, UINT64_MAX);
  if (!seed) {
    printError(fmt::format("`:random {}`: expected a seed, a whole number from 0, or `off`", argument));
    return Outcome::Failed;
  }
  session.bindings.seed = seed;
  return Outcome::Done;
}

Outcome Commands::setThreads(const std::string &argument) {
  if (argument.empty())
    return writeOut(fmt::format("{}\n", threads->threads())) ? Outcome::Done : Outcome::Failed;
  std::optional<uint64_t> count = wholeNumber(argument, 0, 4096);
  if (!count) {
    printError(fmt::format("`:threads {}`: expected a whole number from 0 to 4096", argument));
    return Outcome::Failed;
  }
  InterruptHandler::watch(nullptr);
  threads =
      std::make_unique<library::Runner>(*count ? unsigned(*count) : std::max(1u, std::thread::hardware_concurrency()));
  InterruptHandler::watch(threads.get());
  return Outcome::Done;
}
