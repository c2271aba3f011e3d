#include "runtime/tensor/InputExpression.h"

#include "runtime/tensor/Random.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace attn {

namespace {

struct Number {
  enum Kind : uint8_t { Bool, Int, Float } kind = Int;
  int64_t integer = 0;
  double real = 0;
};

Number integerNumber(int64_t value) { return {Number::Int, value, double(value)}; }
Number realNumber(double value) { return {Number::Float, 0, value}; }

/// A list being read: its numbers in order, and the shape found so far.
struct List {
  std::vector<Number> numbers;
  std::vector<int64_t> shape;
  std::optional<size_t> leafDepth; ///< how deep the lists that hold numbers are
};

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }

class Evaluator {
public:
  Evaluator(std::string_view text, const InputContext &context) : text(text), context(context) {}

  Result<Converted> evaluate() {
    Result<Tensor> tensor = value();
    if (problem.empty() && tensor && peek() != '\0')
      return fail(fmt::format("`{}` does not belong here", text.substr(at)));
    if (!problem.empty())
      return Failure{fmt::format("`{}`: {} at column {}", quoted(), problem, problemAt + 1)};
    if (!tensor)
      return tensor.message() == stoppedText ? tensor.failure()
                                             : Failure{fmt::format("`{}`: {}", quoted(), tensor.message())};
    if (!context.element || tensor->element() == *context.element)
      return Converted{std::move(*tensor), ""};
    Result<Converted> converted = convert(*tensor, *context.element);
    if (!converted)
      return Failure{fmt::format("`{}`: {}", quoted(), converted.message())};
    return converted;
  }

private:
  std::string quoted() const { return text.size() <= 60 ? std::string(text) : std::string(text.substr(0, 57)) + "..."; }

  /// Remembers the first problem; the value returned is only a way out.
  Failure fail(std::string message) {
    if (problem.empty()) {
      problem = std::move(message);
      problemAt = at;
    }
    return Failure{fmt::format("`{}`: {} at column {}", quoted(), problem, problemAt + 1)};
  }

  char peek() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n'))
      ++at;
    return at < text.size() ? text[at] : '\0';
  }
  bool eat(char wanted) {
    if (peek() != wanted)
      return false;
    ++at;
    return true;
  }
  std::string_view name() {
    size_t begin = at;
    while (at < text.size() && (isLetter(text[at]) || isDigit(text[at])))
      ++at;
    return text.substr(begin, at - begin);
  }

  Result<Tensor> value() {
    if (peek() == '[')
      return list();
    if (isLetter(peek())) {
      size_t begin = at;
      std::string_view function = name();
      if (peek() == '(')
        return call(function, begin);
      at = begin;
    }
    Number number = sum();
    if (!problem.empty())
      return Failure{};
    return filled(number, context.shape.value_or(std::vector<int64_t>()));
  }

  Number sum() {
    Number total = product();
    while (problem.empty() && (peek() == '+' || peek() == '-')) {
      char op = text[at++];
      total = combine(op, total, product());
    }
    return total;
  }

  Number product() {
    Number total = factor();
    while (problem.empty() && (peek() == '*' || peek() == '/')) {
      char op = text[at++];
      if (op == '/' && !eat('/')) {
        --at;
        fail("only whole division `//` is known");
        return total;
      }
      total = combine(op, total, factor());
    }
    return total;
  }

  Number combine(char op, Number a, Number b) {
    if (!problem.empty())
      return a;
    if (a.kind == Number::Bool || b.kind == Number::Bool)
      return fail("a bool has no arithmetic"), a;
    if (a.kind == Number::Float || b.kind == Number::Float) {
      double x = a.real, y = b.real;
      return realNumber(op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : std::floor(x / y));
    }
    int64_t result = 0;
    bool overflow = false;
    if (op == '+')
      overflow = __builtin_add_overflow(a.integer, b.integer, &result);
    else if (op == '-')
      overflow = __builtin_sub_overflow(a.integer, b.integer, &result);
    else if (op == '*')
      overflow = __builtin_mul_overflow(a.integer, b.integer, &result);
    else if (b.integer == 0)
      return fail("division by zero"), a;
    else if (b.integer == -1)
      overflow = __builtin_sub_overflow(int64_t(0), a.integer, &result);
    else
      result = a.integer / b.integer - (a.integer % b.integer != 0 && (a.integer < 0) != (b.integer < 0));
    if (overflow)
      fail("the number overflows 64 bits");
    return integerNumber(result);
  }

  Number factor() {
    bool negative = false;
    while (peek() == '-' || peek() == '+')
      negative ^= text[at++] == '-';
    Number number = primary();
    if (!negative || !problem.empty())
      return number;
    if (number.kind == Number::Float)
      return realNumber(-number.real);
    return combine('-', integerNumber(0), number);
  }

  Number primary() {
    char first = peek();
    if (isLetter(first)) {
      size_t begin = at;
      std::string_view word = name();
      if (word == "true" || word == "false")
        return {Number::Bool, word == "true", double(word == "true")};
      if (word == "inf" || word == "nan")
        return realNumber(word == "inf" ? std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::quiet_NaN());
      if (auto found = context.extents.find(word); found != context.extents.end())
        return integerNumber(found->second);
      at = begin;
      fail(fmt::format("`{}` is no extent that is known here", word));
      return {};
    }
    if (!isDigit(first) && first != '.') {
      fail(first == '\0' ? "a number is missing" : fmt::format("expected a number, got `{}`", text.substr(at, 1)));
      return {};
    }
    const char *begin = text.data() + at, *end = text.data() + text.size();
    int64_t integer = 0;
    double real = 0;
    auto whole = std::from_chars(begin, end, integer);
    auto full = std::from_chars(begin, end, real);
    if (full.ec != std::errc() && whole.ec != std::errc()) {
      fail(full.ec == std::errc::result_out_of_range ? "the number is out of range" : "expected a number");
      return {};
    }
    if (whole.ptr == full.ptr && whole.ec != std::errc()) {
      fail("the number overflows 64 bits");
      return {};
    }
    at = size_t(full.ptr - text.data());
    return whole.ptr == full.ptr ? integerNumber(integer) : realNumber(real);
  }

  Result<Tensor> list() {
    List read;
    items(read, 0);
    if (!problem.empty())
      return Failure{};
    return stored(read);
  }

  /// Reads `[...]` at nesting `depth`. Lists of one depth must have one length.
  void items(List &list, size_t depth) {
    if (depth >= Tensor::maxRank) {
      fail(fmt::format("lists may be nested {} deep", Tensor::maxRank));
      return;
    }
    size_t begin = at;
    ++at;
    if (list.shape.size() == depth)
      list.shape.push_back(-1);
    int64_t length = 0;
    while (problem.empty() && !eat(']')) {
      bool nested = peek() == '[';
      bool mixed = nested           ? list.leafDepth && *list.leafDepth <= depth
                   : list.leafDepth ? *list.leafDepth != depth
                                    : list.shape.size() > depth + 1;
      if (mixed) {
        fail("numbers and lists are mixed");
        return;
      }
      if (nested) {
        items(list, depth + 1);
      } else {
        list.leafDepth = depth;
        list.numbers.push_back(sum());
      }
      ++length;
      if (problem.empty() && !eat(',') && peek() != ']')
        fail("expected `,` or `]`");
    }
    if (!problem.empty())
      return;
    if (list.shape[depth] >= 0 && list.shape[depth] != length) {
      at = begin;
      fail(fmt::format("a list of {} where the ones before have {}", length, list.shape[depth]));
      return;
    }
    list.shape[depth] = length;
  }

  ElementType elementFor(Number::Kind kind) const {
    if (kind == Number::Float)
      return context.element && isFloat(*context.element) ? *context.element : ElementType::F32;
    return kind == Number::Bool ? ElementType::Bool : ElementType::I64;
  }

  static void put(Tensor &tensor, int64_t offset, Number number) {
    if (number.kind == Number::Float || isFloat(tensor.element()))
      tensor.setReal(offset, number.real);
    else
      tensor.setInteger(offset, number.integer);
  }

  Result<Tensor> stored(const List &list) {
    Number::Kind kind = list.numbers.empty() ? Number::Int : Number::Bool;
    bool bools = false;
    for (const Number &number : list.numbers) {
      kind = std::max(kind, number.kind);
      bools |= number.kind == Number::Bool;
    }
    if (bools && kind != Number::Bool)
      return fail("bools and numbers are mixed");
    Result<Tensor> tensor = Tensor::create(elementFor(kind), list.shape);
    if (tensor)
      for (size_t n = 0; n < list.numbers.size(); ++n)
        put(*tensor, int64_t(n), list.numbers[n]);
    return tensor;
  }

  Result<Tensor> filled(Number number, std::vector<int64_t> shape) {
    return made(elementFor(number.kind), std::move(shape), [&](Tensor &tensor, int64_t n) { put(tensor, n, number); });
  }

  /// A tensor whose elements are set one after the other.
  template <class Set> Result<Tensor> made(ElementType element, std::vector<int64_t> shape, Set set) {
    constexpr int64_t part = 1 << 16;
    Result<Tensor> tensor = Tensor::create(element, std::move(shape), context.stop);
    if (!tensor)
      return tensor;
    int64_t count = tensor->elementCount();
    for (int64_t begin = 0; begin < count; begin += part) {
      if (context.stop && *context.stop)
        return Failure{std::string(stoppedText)};
      for (int64_t n = begin; n < std::min(begin + part, count); ++n)
        set(*tensor, n);
    }
    return tensor;
  }

  Result<Tensor> call(std::string_view function, size_t begin) {
    ++at;
    std::vector<Number> arguments;
    while (problem.empty() && !eat(')')) {
      arguments.push_back(sum());
      if (problem.empty() && !eat(',') && peek() != ')')
        fail("expected `,` or `)`");
    }
    if (!problem.empty())
      return Failure{};
    size_t end = at;
    at = begin;
    Result<Tensor> result = apply(function, arguments);
    if (problem.empty())
      at = end;
    return result;
  }

  Result<Tensor> apply(std::string_view function, const std::vector<Number> &arguments) {
    if (function == "arange")
      return arange(arguments);
    if (function == "randint")
      return randint(arguments);
    if (function == "randn" || function == "rand")
      return randomReals(function, arguments);
    if (function == "zeros" || function == "ones")
      return constant(function, integerNumber(function == "ones"), arguments, 0);
    if (function == "full") {
      if (arguments.empty())
        return fail("full needs a value, as in full(0.5, 2, 8)");
      return constant(function, arguments[0], arguments, 1);
    }
    return fail(
        fmt::format("there is no function `{}`; known are arange, randint, randn, rand, zeros, ones, full", function));
  }

  std::optional<std::vector<int64_t>> dimensions(std::string_view function, const std::vector<Number> &arguments,
                                                 size_t first) {
    if (arguments.size() == first) {
      if (!context.shape)
        fail(fmt::format("{} needs dimensions here, as in {}({}2, 8)", function, function,
                         first == 2   ? "0, 10, "
                         : first == 1 ? "0.5, "
                                      : ""));
      return context.shape;
    }
    std::vector<int64_t> shape;
    for (size_t n = first; n < arguments.size(); ++n) {
      if (arguments[n].kind != Number::Int || arguments[n].integer < 0) {
        fail(fmt::format("dimension {} of {} is not a whole number from 0", n - first, function));
        return std::nullopt;
      }
      shape.push_back(arguments[n].integer);
    }
    return shape;
  }

  Result<Tensor> constant(std::string_view function, Number number, const std::vector<Number> &arguments,
                          size_t first) {
    auto shape = dimensions(function, arguments, first);
    if (!shape)
      return Failure{};
    if (!context.element && first == 0)
      number = realNumber(number.real);
    return filled(number, *shape);
  }

  Result<Tensor> arange(const std::vector<Number> &arguments) {
    if (arguments.empty() || arguments.size() > 3)
      return fail("arange takes 1 to 3 numbers: arange(n), arange(lo, hi), arange(lo, hi, step)");
    for (const Number &number : arguments)
      if (number.kind != Number::Int)
        return fail("arange takes whole numbers");
    int64_t low = arguments.size() > 1 ? arguments[0].integer : 0;
    int64_t high = arguments[arguments.size() > 1].integer;
    int64_t step = arguments.size() > 2 ? arguments[2].integer : 1;
    if (step == 0)
      return fail("arange needs a step other than 0");
    uint64_t count = 0;
    if (step > 0 ? low < high : low > high) {
      uint64_t distance = step > 0 ? uint64_t(high) - uint64_t(low) : uint64_t(low) - uint64_t(high);
      uint64_t stride = step > 0 ? uint64_t(step) : 0 - uint64_t(step);
      count = (distance - 1) / stride + 1;
    }
    if (count > uint64_t(std::numeric_limits<int64_t>::max()))
      return fail("arange has too many elements");
    return made(ElementType::I64, {int64_t(count)}, [&](Tensor &tensor, int64_t n) {
      tensor.setInteger(n, int64_t(uint64_t(low) + uint64_t(n) * uint64_t(step)));
    });
  }

  Result<Tensor> randint(const std::vector<Number> &arguments) {
    if (arguments.size() < 2 || arguments[0].kind != Number::Int || arguments[1].kind != Number::Int)
      return fail("randint needs two whole numbers, as in randint(0, 10, 2, 8)");
    int64_t low = arguments[0].integer, high = arguments[1].integer;
    if (low >= high)
      return fail(fmt::format("randint has nothing to choose from in [{}, {})", low, high));
    auto shape = dimensions("randint", arguments, 2);
    if (!shape)
      return Failure{};
    Random random(context.seed);
    return made(ElementType::I64, *shape,
                [&](Tensor &tensor, int64_t n) { tensor.setInteger(n, random.integer(low, high)); });
  }

  Result<Tensor> randomReals(std::string_view function, const std::vector<Number> &arguments) {
    if (context.element && !isFloat(*context.element))
      return fail(fmt::format("{} gives floats, but {} is wanted; randint(lo, hi) gives integers", function,
                              spelling(*context.element)));
    auto shape = dimensions(function, arguments, 0);
    if (!shape)
      return Failure{};
    Random random(context.seed);
    bool isNormal = function == "randn";
    return made(elementFor(Number::Float), *shape,
                [&](Tensor &tensor, int64_t n) { tensor.setReal(n, isNormal ? random.normal() : random.uniform()); });
  }

  std::string_view text;
  const InputContext &context;
  size_t at = 0, problemAt = 0;
  std::string problem;
};

} // namespace

Result<Converted> evaluateInput(std::string_view text, const InputContext &context) {
  return Evaluator(text, context).evaluate();
}

bool looksLikeInputExpression(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && text[at] == ' ')
    ++at;
  if (at == text.size())
    return false;
  if (text[at] == '[')
    return true;
  if (isLetter(text[at])) {
    size_t end = at;
    while (end < text.size() && (isLetter(text[end]) || isDigit(text[end])))
      ++end;
    std::string_view word = text.substr(at, end - at);
    return (end < text.size() && text[end] == '(') ||
           (end == text.size() && (word == "inf" || word == "nan" || word == "true" || word == "false"));
  }
  while (at < text.size() && (isDigit(text[at]) || std::string_view("+-.eE").find(text[at]) != std::string_view::npos))
    ++at;
  return at == text.size();
}

} // namespace attn
