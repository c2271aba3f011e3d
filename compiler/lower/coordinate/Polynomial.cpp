#include "compiler/lower/coordinate/Polynomial.h"

#include "compiler/lower/coordinate/Coordinates.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace attn::lower {

static void add(Polynomial &sum, const Monomial &term) {
  auto same = llvm::find_if(sum, [&](const Monomial &own) { return own.factors == term.factors; });
  if (same == sum.end()) {
    sum.push_back(term);
    return;
  }
  same->constant += term.constant;
  if (same->constant == 0)
    sum.erase(same);
}

Polynomial product(const Polynomial &left, const Polynomial &right) {
  // Any order of a kernel's operations will do that doesn't depend on where they lie in memory.
  auto isBefore = [](Value a, Value b) { return a != b && a.getDefiningOp()->isBeforeInBlock(b.getDefiningOp()); };
  Polynomial sum;
  for (const Monomial &a : left)
    for (const Monomial &b : right) {
      Monomial term{a.constant * b.constant, a.factors};
      term.factors.append(b.factors);
      llvm::sort(term.factors, isBefore);
      add(sum, term);
    }
  return sum;
}

static void scale(Polynomial &sum, double factor) {
  for (Monomial &term : sum)
    term.constant *= factor;
}

static std::optional<double> constantOf(Value value) {
  FloatAttr real;
  IntegerAttr integer;
  if (matchPattern(value, m_Constant(&real)))
    return real.getValueAsDouble();
  return matchPattern(value, m_Constant(&integer)) ? std::optional(double(integer.getInt())) : std::nullopt;
}

/// One over the divisor of a quotient; erased with what is unused where nothing comes of it.
static Value reciprocal(ir::BinaryOp quotient) {
  OpBuilder builder(quotient);
  Value one = constantFloat(builder, quotient.getLoc(), functionType(quotient).getElementType(), 1);
  return binary(builder, quotient.getLoc(), ir::BinaryKind::Divide, one, quotient.getRhs());
}

std::optional<Polynomial> PolynomialOfPairs::expand(Value value, unsigned depth) {
  if (auto done = known.find(value); done != known.end())
    return done->second;
  std::optional<Polynomial> result = expandOnce(value, depth);
  if (result && result->size() > mostMonomials)
    result.reset();
  return known[value] = std::move(result);
}

std::optional<Polynomial> PolynomialOfPairs::expandOnce(Value value, unsigned depth) {
  constexpr unsigned deepest = 32;
  Polynomial whole{{1, {value}}};
  if (auto number = constantOf(value))
    return *number == 0 ? Polynomial() : Polynomial{{*number, {}}};
  if (depth == deepest || !functionType(value).getElementType().isF32())
    return whole;
  // What is known once per query or once per key stays as it is, but for the factors that it has in common with others.
  bool isOfPair = variesWith(value, "i") && variesWith(value, "j");
  if (auto negation = value.getDefiningOp<ir::UnaryOp>(); negation && negation.getKind() == ir::UnaryKind::Negate) {
    std::optional<Polynomial> operand = expand(negation.getOperand(), depth + 1);
    if (operand)
      scale(*operand, -1);
    return operand;
  }
  auto op = value.getDefiningOp<ir::BinaryOp>();
  if (!op)
    return whole;
  auto both = [&]() -> std::optional<std::pair<Polynomial, Polynomial>> {
    auto left = expand(op.getLhs(), depth + 1), right = expand(op.getRhs(), depth + 1);
    return left && right ? std::optional(std::pair(*left, *right)) : std::nullopt;
  };
  switch (op.getKind()) {
  case ir::BinaryKind::Add:
  case ir::BinaryKind::Subtract: {
    if (!isOfPair)
      return whole;
    auto sides = both();
    if (!sides)
      return std::nullopt;
    if (op.getKind() == ir::BinaryKind::Subtract)
      scale(sides->second, -1);
    for (const Monomial &term : sides->second)
      add(sides->first, term);
    return std::move(sides->first);
  }
  case ir::BinaryKind::Multiply: {
    auto sides = both();
    return sides ? std::optional(product(sides->first, sides->second)) : std::nullopt;
  }
  case ir::BinaryKind::Power: {
    if (constantOf(op.getRhs()) != 2)
      return whole;
    auto base = expand(op.getLhs(), depth + 1);
    return base ? std::optional(product(*base, *base)) : std::nullopt;
  }
  case ir::BinaryKind::Divide: {
    auto divisor = constantOf(op.getRhs());
    if (divisor == 0 || !isOfPair || (variesWith(op.getRhs(), "i") && variesWith(op.getRhs(), "j")))
      return whole;
    auto dividend = expand(op.getLhs(), depth + 1);
    if (dividend && divisor)
      scale(*dividend, 1 / *divisor);
    else if (dividend)
      dividend = product(*dividend, {{1, {reciprocal(op)}}});
    return dividend;
  }
  default:
    return whole;
  }
}

} // namespace attn::lower
