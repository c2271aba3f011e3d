#include "compiler/syntax/GrammarParser.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace attn::syntax {

namespace {

/// How tight operators bind; `not` stands between `and` and the comparisons.
enum Precedence : int {
  orLevel = 1,
  andLevel,
  notLevel,
  comparisonLevel,
  bitOrLevel,
  bitXorLevel,
  bitAndLevel,
  shiftLevel,
  sumLevel,
  termLevel
};

struct BinaryOperator {
  Operator op = Operator::None;
  int precedence = 0;
};

BinaryOperator binaryOperator(TokenKind kind) {
  switch (kind) {
  case TokenKind::Or:
    return {Operator::Or, orLevel};
  case TokenKind::And:
    return {Operator::And, andLevel};
  case TokenKind::Less:
    return {Operator::Less, comparisonLevel};
  case TokenKind::LessEqual:
    return {Operator::LessEqual, comparisonLevel};
  case TokenKind::Greater:
    return {Operator::Greater, comparisonLevel};
  case TokenKind::GreaterEqual:
    return {Operator::GreaterEqual, comparisonLevel};
  case TokenKind::Equal:
    return {Operator::Equal, comparisonLevel};
  case TokenKind::NotEqual:
    return {Operator::NotEqual, comparisonLevel};
  case TokenKind::Bar:
    return {Operator::BitOr, bitOrLevel};
  case TokenKind::Caret:
    return {Operator::BitXor, bitXorLevel};
  case TokenKind::Ampersand:
    return {Operator::BitAnd, bitAndLevel};
  case TokenKind::ShiftLeft:
    return {Operator::ShiftLeft, shiftLevel};
  case TokenKind::ShiftRight:
    return {Operator::ShiftRight, shiftLevel};
  case TokenKind::Plus:
    return {Operator::Add, sumLevel};
  case TokenKind::Minus:
    return {Operator::Subtract, sumLevel};
  case TokenKind::Star:
    return {Operator::Multiply, termLevel};
  case TokenKind::Slash:
    return {Operator::Divide, termLevel};
  case TokenKind::DoubleSlash:
    return {Operator::FloorDivide, termLevel};
  case TokenKind::Percent:
    return {Operator::Modulo, termLevel};
  default:
    return {};
  }
}

Operator unaryOperator(TokenKind kind) {
  switch (kind) {
  case TokenKind::Minus:
    return Operator::Negate;
  case TokenKind::Plus:
    return Operator::Plus;
  case TokenKind::Tilde:
    return Operator::BitNot;
  default:
    return Operator::None;
  }
}

} // namespace

class GrammarParser::Nested {
public:
  explicit Nested(GrammarParser &parser) : parser(parser) { ++parser.nesting; }
  ~Nested() { --parser.nesting; }
  Nested(const Nested &) = delete;
  Nested &operator=(const Nested &) = delete;

  /// Whether the parser is too deep to recurse further, which it reports.
  bool tooDeep() {
    if (parser.nesting <= maximumNesting)
      return false;
    parser.report(DiagnosticKind::NestingTooDeep, parser.here(), maximumNesting)
        .note("give names to its parts: `part = expression`");
    return true;
  }

private:
  GrammarParser &parser;
};

Expr &GrammarParser::create(ExprKind kind) {
  Expr &expression = file.expressions.emplace_back();
  expression.kind = kind;
  return expression;
}

const Expr *GrammarParser::finish(Expr &expression, uint32_t begin) {
  expression.range = since(begin);
  uint32_t deepest = 0;
  for (const Expr *operand : expression.operands)
    deepest = std::max(deepest, operand->depth);
  for (const Argument &argument : expression.arguments)
    deepest = std::max(deepest, argument.value->depth);
  size_t parts = expression.operands.size() + expression.arguments.size();
  expression.depth = deepest + std::max<uint32_t>(1, static_cast<uint32_t>(parts) - (parts > 0));
  if (expression.depth <= maximumDepth)
    return &expression;
  report(DiagnosticKind::TooLong, expression.opRange ? expression.opRange : expression.range, "the expression",
         fmt::format("{} operators or arguments in a row", maximumDepth))
      .note("give names to its parts: `part = expression`");
  return error();
}

const Expr *GrammarParser::error() {
  Expr &expression = create(ExprKind::Error);
  expression.range = here();
  return &expression;
}

const Expr *GrammarParser::parseExpression() {
  Nested level(*this);
  if (level.tooDeep())
    return error();
  const Expr *expression = parseConditional();
  while (!panicking && at(TokenKind::Pipe))
    expression = parsePipe(expression);
  if (at(TokenKind::Assign) && !panicking && expression->kind != ExprKind::Error && nesting > 1)
    report(DiagnosticKind::AssignmentInExpression, here()).suggest(here(), "==", "equality is written `==`");
  return expression;
}

const Expr *GrammarParser::parsePipe(const Expr *left) {
  Expr &pipe = create(ExprKind::Pipe);
  pipe.opRange = rangeOf(take());
  pipe.operands.push_back(left);
  if (!at(TokenKind::Name)) {
    if (!alreadyReported())
      report(DiagnosticKind::PipeTarget, here()).note("`x |> f(a)` is `f(x, a)`");
    return error();
  }
  pipe.name = parseName("a function");
  if (at(TokenKind::OpenParenthesis))
    parseArguments(pipe.arguments, TokenKind::CloseParenthesis);
  const Expr *result = finish(pipe, left->range.begin);
  if (!panicking && (binaryOperator(kind()).op != Operator::None || at(TokenKind::OpenBracket) ||
                     at(TokenKind::DoubleStar) || at(TokenKind::If)))
    report(DiagnosticKind::PipeTarget, here())
        .note("`|>` binds looser than every other operator: put what it makes in parentheses, `(x |> f(a)) + y`");
  return result;
}

const Expr *GrammarParser::parseConditional() {
  const Expr *value = parseBinary(orLevel);
  if (panicking || !at(TokenKind::If))
    return value;
  Expr &conditional = create(ExprKind::Conditional);
  Token keyword = take();
  conditional.opRange = rangeOf(keyword);
  const Expr *condition = parseBinary(orLevel);
  if (panicking)
    return error();
  if (at(TokenKind::Assign) || alreadyReported()) {
    report(DiagnosticKind::AssignmentInExpression, here()).suggest(here(), "==", "equality is written `==`");
    return error();
  }
  if (!accept(TokenKind::Else)) {
    report(DiagnosticKind::MissingElse, rangeOf(keyword))
        .note("a conditional is an expression and needs both values: `x if condition else y`");
    return error();
  }
  Nested level(*this);
  if (level.tooDeep())
    return error();
  const Expr *otherwise = parseConditional();
  conditional.operands = {value, condition, otherwise};
  return finish(conditional, value->range.begin);
}

const Expr *GrammarParser::parseBinary(int least) {
  const Expr *left;
  if (at(TokenKind::Not) && least <= notLevel) {
    Nested level(*this);
    if (level.tooDeep())
      return error();
    Expr &negation = create(ExprKind::Unary);
    Token keyword = take();
    negation.op = Operator::Not;
    negation.opRange = rangeOf(keyword);
    negation.operands.push_back(parseBinary(notLevel));
    left = finish(negation, keyword.begin);
  } else {
    left = parseUnary();
  }
  while (!panicking) {
    BinaryOperator next = binaryOperator(kind());
    if (next.op == Operator::None || next.precedence < least)
      break;
    if (next.precedence == comparisonLevel) {
      left = parseComparison(left);
      continue;
    }
    Expr &binary = create(ExprKind::Binary);
    binary.op = next.op;
    binary.opRange = rangeOf(take());
    binary.operands = {left, parseBinary(next.precedence + 1)};
    left = finish(binary, left->range.begin);
  }
  return left;
}

const Expr *GrammarParser::parseComparison(const Expr *first) {
  Expr &comparison = create(ExprKind::Comparison);
  comparison.opRange = rangeOf(peek());
  comparison.operands.push_back(first);
  while (!panicking && binaryOperator(kind()).precedence == comparisonLevel) {
    comparison.comparisons.push_back(binaryOperator(take().kind).op);
    comparison.operands.push_back(parseBinary(bitOrLevel));
  }
  return finish(comparison, first->range.begin);
}

const Expr *GrammarParser::parseUnary() {
  Operator op = unaryOperator(kind());
  if (op == Operator::None)
    return parsePower();
  Nested level(*this);
  if (level.tooDeep())
    return error();
  Expr &unary = create(ExprKind::Unary);
  if (op == Operator::Negate)
    unaryMinus = position;
  Token sign = take();
  unary.op = op;
  unary.opRange = rangeOf(sign);
  unary.operands.push_back(parseUnary());
  return finish(unary, sign.begin);
}

const Expr *GrammarParser::parsePower() {
  const Expr *base = parsePrimary();
  while (!panicking && at(TokenKind::OpenBracket)) {
    Expr &index = create(ExprKind::Index);
    index.operands.push_back(base);
    index.opRange = here();
    parseArguments(index.arguments, TokenKind::CloseBracket);
    base = finish(index, base->range.begin);
  }
  if (panicking || !at(TokenKind::DoubleStar))
    return base;
  Nested level(*this);
  if (level.tooDeep())
    return error();
  Expr &power = create(ExprKind::Binary);
  power.op = Operator::Power;
  power.opRange = rangeOf(take());
  power.operands = {base, parseUnary()};
  return finish(power, base->range.begin);
}

const Expr *GrammarParser::parsePrimary() {
  switch (kind()) {
  case TokenKind::Number:
    return parseNumber();
  case TokenKind::True:
  case TokenKind::False: {
    Expr &boolean = create(ExprKind::Boolean);
    boolean.integer = at(TokenKind::True);
    return finish(boolean, take().begin);
  }
  case TokenKind::Inf: {
    Expr &infinity = create(ExprKind::Infinity);
    infinity.real = std::numeric_limits<double>::infinity();
    return finish(infinity, take().begin);
  }
  case TokenKind::OpenParenthesis:
    return parseParenthesized();
  case TokenKind::Name:
    return parseNamed();
  default:
    expectedExpression();
    return error();
  }
}

const Expr *GrammarParser::parseParenthesized() {
  Token opener = take();
  const Expr *inner = parseExpression();
  if (panicking)
    return error();
  if (at(TokenKind::Comma)) {
    report(DiagnosticKind::UnexpectedToken, here(), "`)`", "`,`")
        .note("there are no tuples: each value has its own name");
    return error();
  }
  expectClose(TokenKind::CloseParenthesis, opener);
  if (panicking)
    return error();
  // The tree is const for those who read it; this parser made the node and is the only one to know it yet.
  Expr &outer = const_cast<Expr &>(*inner);
  outer.parenthesized = true;
  outer.range = since(opener.begin);
  return inner;
}

const Expr *GrammarParser::parseNumber() {
  constexpr size_t longestShown = 40;
  uint32_t place = position;
  Token token = take();
  std::string digits(textOf(token));
  std::string shown = digits.size() <= longestShown ? digits : fmt::format("{}…", digits.substr(0, longestShown));
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  bool hexadecimal = digits.size() > 1 && (digits[1] == 'x' || digits[1] == 'X');
  const char *end = digits.data() + digits.size();
  if (!hexadecimal && digits.find_first_of(".eE") != std::string::npos) {
    Expr &number = create(ExprKind::Float);
    number.name = {textOf(token), rangeOf(token)};
    auto [stop, code] = std::from_chars(digits.data(), end, number.real);
    if (code == std::errc::result_out_of_range)
      report(DiagnosticKind::NumberOutOfRange, rangeOf(token), shown, "a 64-bit float")
          .note("its size is 4.9e-324 to 1.8e308; infinity is `inf`");
    return finish(number, token.begin);
  }
  Expr &number = create(ExprKind::Integer);
  number.name = {textOf(token), rangeOf(token)};
  uint64_t value = 0;
  auto [stop, code] =
      hexadecimal ? std::from_chars(digits.data() + 2, end, value, 16) : std::from_chars(digits.data(), end, value, 10);
  constexpr uint64_t largest = std::numeric_limits<int64_t>::max();
  // The most negative integer is written as the negation of a number that doesn't fit by itself.
  bool isLeast = value == largest + 1 && place > 0 && unaryMinus == place - 1 && !at(TokenKind::DoubleStar);
  if (code == std::errc::result_out_of_range || (value > largest && !isLeast)) {
    Diagnostic &diagnostic = report(DiagnosticKind::NumberOutOfRange, rangeOf(token), shown, "a 64-bit integer");
    if (hexadecimal)
      diagnostic.note("the largest is `0x7fffffffffffffff`; all bits set is `-1`");
    else
      diagnostic.note(
          "the largest is `9223372036854775807`; a float is written with a point, `1.0`, or an exponent, `1e20`");
  }
  number.integer = static_cast<int64_t>(value);
  return finish(number, token.begin);
}

/// `NAME {"," NAME} ":"` begins a reduction's brackets.
bool GrammarParser::atBinders() const {
  uint32_t ahead = 1;
  while (kind(ahead) == TokenKind::Name && kind(ahead + 1) == TokenKind::Comma)
    ahead += 2;
  return kind(ahead) == TokenKind::Name && kind(ahead + 1) == TokenKind::Colon;
}

const Expr *GrammarParser::parseNamed() {
  if (kind(1) == TokenKind::Name || kind(1) == TokenKind::Colon) {
    if (textOf(peek()) == "lambda" && reportForeignWord())
      return error();
  }
  Token name = peek();
  Expr &expression = create(ExprKind::Name);
  expression.name = parseName("a name");
  if (!at(TokenKind::OpenParenthesis))
    return finish(expression, name.begin);
  if (!atBinders()) {
    expression.kind = ExprKind::Call;
    parseArguments(expression.arguments, TokenKind::CloseParenthesis);
    return finish(expression, name.begin);
  }
  expression.kind = ExprKind::Reduction;
  Token opener = take();
  do
    expression.binders.push_back(parseName("a coordinate"));
  while (accept(TokenKind::Comma));
  take();
  expression.operands.push_back(parseExpression());
  expectClose(TokenKind::CloseParenthesis, opener);
  return finish(expression, name.begin);
}

void GrammarParser::parseArguments(std::vector<Argument> &arguments, TokenKind close) {
  Token opener = take();
  if (!at(close))
    do {
      Argument argument;
      if (at(TokenKind::Name) && kind(1) == TokenKind::Assign) {
        argument.name = parseName("a name");
        take();
      }
      argument.value = parseExpression();
      arguments.push_back(argument);
    } while (!panicking && accept(TokenKind::Comma));
  expectClose(close, opener);
}

void GrammarParser::expectClose(TokenKind close, const Token &opener) {
  if (panicking || accept(close))
    return;
  std::string_view text = close == TokenKind::CloseParenthesis ? ")" : "]";
  if (at(close == TokenKind::CloseParenthesis ? TokenKind::CloseBracket : TokenKind::CloseParenthesis)) {
    unexpected(fmt::format("`{}`", text));
    return;
  }
  if (alreadyReported() || reportForeignWord())
    return;
  report(DiagnosticKind::UnexpectedToken, here(), fmt::format("an operator, `,` or `{}`", text), describe(peek()))
      .note(rangeOf(opener), fmt::format("`{}` is opened here", textOf(opener)));
}

} // namespace attn::syntax
