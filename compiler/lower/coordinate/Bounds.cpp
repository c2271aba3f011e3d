#include "compiler/lower/coordinate/Bounds.h"

#include "compiler/lower/coordinate/Coordinates.h"

#include <algorithm>
#include <array>
#include <bit>

using namespace mlir;

namespace attn::lower {

using Wide = __int128;
using ir::BinaryKind;

static constexpr size_t mostCandidates = 4;

static bool fits(Wide value) { return value >= INT64_MIN && value <= INT64_MAX; }

std::optional<Linear> addScaled(const Linear &left, const Linear &right, int64_t factor) {
  constexpr Wide limit = Wide(1) << 62;
  auto small = [&](Wide value) { return value > -limit && value < limit; };
  Wide constant = Wide(left.constant) + Wide(right.constant) * factor;
  if (!small(constant))
    return std::nullopt;
  Linear sum{int64_t(constant), left.terms};
  for (auto [extent, coefficient] : right.terms) {
    auto place = llvm::lower_bound(sum.terms, std::pair(extent, INT64_MIN));
    if (place == sum.terms.end() || place->first != extent)
      place = sum.terms.insert(place, {extent, 0});
    Wide total = Wide(place->second) + Wide(coefficient) * factor;
    if (!small(total))
      return std::nullopt;
    place->second = int64_t(total);
  }
  llvm::erase_if(sum.terms, [](const auto &term) { return term.second == 0; });
  return sum;
}

static Linear constantLinear(int64_t value) { return {value, {}}; }

static void addCandidate(SmallVector<Linear, 2> &candidates, std::optional<Linear> candidate) {
  if (candidate && candidates.size() < mostCandidates && !llvm::is_contained(candidates, *candidate))
    candidates.push_back(*candidate);
}

/// Bounds of an exact result; unknown if it may wrap. Constant ends are candidates as well, so that they mix with symbolic ones.
static Bounds between(Wide low, Wide high) {
  if (!fits(low) || !fits(high))
    return {};
  Bounds bounds{int64_t(low), int64_t(high), {}, {}};
  if (bounds.low != INT64_MIN)
    addCandidate(bounds.lower, constantLinear(bounds.low));
  if (bounds.high != INT64_MAX)
    addCandidate(bounds.upper, constantLinear(bounds.high));
  return bounds;
}

static bool isUnknown(const Bounds &bounds) { return bounds.low == INT64_MIN && bounds.high == INT64_MAX; }

/// left + sign * right.
static Bounds add(const Bounds &left, const Bounds &right, int sign) {
  Wide low = Wide(left.low) + (sign > 0 ? Wide(right.low) : -Wide(right.high));
  Wide high = Wide(left.high) + (sign > 0 ? Wide(right.high) : -Wide(right.low));
  Bounds sum = between(low, high);
  if (isUnknown(sum))
    return sum;
  for (const Linear &a : left.lower)
    for (const Linear &b : sign > 0 ? right.lower : right.upper)
      addCandidate(sum.lower, addScaled(a, b, sign));
  for (const Linear &a : left.upper)
    for (const Linear &b : sign > 0 ? right.upper : right.lower)
      addCandidate(sum.upper, addScaled(a, b, sign));
  return sum;
}

static Bounds multiply(const Bounds &left, const Bounds &right) {
  if (left.isConstant() && !right.isConstant())
    return multiply(right, left);
  std::array<Wide, 4> corners = {Wide(left.low) * right.low, Wide(left.low) * right.high, Wide(left.high) * right.low,
                                 Wide(left.high) * right.high};
  auto [low, high] = std::minmax_element(corners.begin(), corners.end());
  Bounds product = between(*low, *high);
  if (isUnknown(product) || !right.isConstant())
    return product;
  int64_t factor = right.low;
  for (const Linear &bound : factor >= 0 ? left.lower : left.upper)
    addCandidate(product.lower, addScaled({}, bound, factor));
  for (const Linear &bound : factor >= 0 ? left.upper : left.lower)
    addCandidate(product.upper, addScaled({}, bound, factor));
  return product;
}

static Bounds bitwise(BinaryKind kind, const Bounds &left, const Bounds &right) {
  if (kind == BinaryKind::BitAnd) {
    if (left.low >= 0 && right.low >= 0)
      return between(0, std::min(left.high, right.high));
    if (left.low >= 0 || right.low >= 0)
      return between(0, left.low >= 0 ? left.high : right.high);
    return {};
  }
  if (left.low < 0 || right.low < 0)
    return {};
  int bits = std::bit_width(uint64_t(std::max(left.high, right.high)));
  return bits >= 63 ? Bounds{0, INT64_MAX, {}, {}} : between(0, (int64_t(1) << bits) - 1);
}

static Bounds shift(BinaryKind kind, const Bounds &left, const Bounds &right) {
  if (!right.isConstant() || right.low < 0 || right.low > 62)
    return {};
  if (kind == BinaryKind::ShiftRight)
    return between(left.low >> right.low, left.high >> right.low);
  return multiply(left, between(int64_t(1) << right.low, int64_t(1) << right.low));
}

static Bounds power(const Bounds &base, const Bounds &exponent) {
  if (!exponent.isConstant() || exponent.low < 0 || exponent.low > 8)
    return {};
  Bounds product = between(1, 1);
  for (int64_t n = 0; n < exponent.low; ++n)
    product = multiply(product, base);
  if (exponent.low % 2 == 0 && product.low < 0)
    product = between(0, product.high);
  return product;
}

IntegerBounds::IntegerBounds(ir::KernelOp kernel) : kernel(kernel) {
  for (Operation &op : kernel.getBody().front())
    if (op.getNumResults() == 1)
      if (auto type = dyn_cast<ir::FnType>(op.getResult(0).getType()); type && type.getElementType().isInteger(64))
        known[op.getResult(0)] = compute(&op);
}

const Bounds &IntegerBounds::of(Value value) const {
  auto found = known.find(value);
  return found == known.end() ? unknown : found->second;
}

int64_t IntegerBounds::smallest(int64_t extent, Operation *user) const {
  if (auto fixed = kernel.fixedExtent(extent))
    return *fixed;
  // A task has a batch, a head with its group, and a query.
  for (StringRef coordinate : {"b", "h", "g", "i"})
    if (kernel.extentOf(coordinate) == extent)
      return 1;
  for (Value result : user->getResults())
    if (auto type = dyn_cast<ir::FnType>(result.getType()))
      for (StringAttr coordinate : type.getCoordinates())
        if (kernel.extentOf(coordinate) == extent)
          return 1;
  return 0;
}

bool IntegerBounds::isNonNegative(const Linear &bound, Operation *user) const {
  Wide least = bound.constant;
  for (auto [extent, coefficient] : bound.terms) {
    auto fixed = kernel.fixedExtent(extent);
    int64_t worst = coefficient > 0 ? smallest(extent, user) : fixed.value_or(largestExtent);
    least += Wide(coefficient) * worst;
  }
  return least >= 0;
}

bool IntegerBounds::isAtMost(const Linear &left, const Linear &right, Operation *user) const {
  auto difference = addScaled(right, left, -1);
  return difference && isNonNegative(*difference, user);
}

Bounds IntegerBounds::extent(int64_t number) const {
  if (auto fixed = kernel.fixedExtent(number))
    return between(*fixed, *fixed);
  Bounds bounds = between(0, largestExtent);
  Linear exact{0, {{number, 1}}};
  bounds.lower.push_back(exact);
  bounds.upper.push_back(exact);
  return bounds;
}

/// H // G, at least 1 where there is a head.
bool IntegerBounds::isHeadsPerGroup(Value value) const {
  auto quotient = value.getDefiningOp<ir::BinaryOp>();
  if (!quotient || quotient.getKind() != BinaryKind::FloorDivide)
    return false;
  auto isExtentOf = [&](Value operand, StringRef coordinate) {
    auto extent = operand.getDefiningOp<ir::ExtentOp>();
    return extent && int64_t(extent.getIndex()) == kernel.extentOf(coordinate);
  };
  return isExtentOf(quotient.getLhs(), "h") && isExtentOf(quotient.getRhs(), "g");
}

/// What holds for both: for a value that is one of the two.
Bounds IntegerBounds::join(const Bounds &left, const Bounds &right, Operation *user) const {
  Bounds both = between(std::min(left.low, right.low), std::max(left.high, right.high));
  for (auto [from, other] : {std::pair(&left, &right), std::pair(&right, &left)}) {
    for (const Linear &bound : from->lower)
      if (llvm::any_of(other->lower, [&](const Linear &own) { return isAtMost(bound, own, user); }))
        addCandidate(both.lower, bound);
    for (const Linear &bound : from->upper)
      if (llvm::any_of(other->upper, [&](const Linear &own) { return isAtMost(own, bound, user); }))
        addCandidate(both.upper, bound);
  }
  return both;
}

Bounds IntegerBounds::divide(ir::BinaryOp op, const Bounds &left, const Bounds &right) const {
  auto atLeast = [&](const Bounds &bounds, int64_t value) {
    return bounds.low >= value ||
           llvm::any_of(bounds.lower, [&](const Linear &own) { return isAtMost(constantLinear(value), own, op); });
  };
  if (isHeadsPerGroup(op))
    return between(1, largestExtent);
  bool positive = right.low >= 1 || atLeast(right, 1);
  int64_t smallestDivisor = positive ? std::max<int64_t>(right.low, 1) : right.low;
  if (smallestDivisor < 0)
    return {};
  // A divisor of 0 gives no quotient: then the result counts as 0 or as the dividend, which a divisor of 1 includes.
  smallestDivisor = std::max<int64_t>(smallestDivisor, 1);
  int64_t largestDivisor = std::max(right.high, smallestDivisor);
  auto floorDivide = [](int64_t a, int64_t b) { return a / b - (a % b < 0); };
  std::array<int64_t, 4> corners = {floorDivide(left.low, smallestDivisor), floorDivide(left.low, largestDivisor),
                                    floorDivide(left.high, smallestDivisor), floorDivide(left.high, largestDivisor)};
  auto [low, high] = std::minmax_element(corners.begin(), corners.end());
  Bounds quotient = between(positive ? *low : std::min<int64_t>(*low, 0), positive ? *high : std::max<int64_t>(*high, 0));
  if (!atLeast(left, 0))
    return quotient;
  for (const Linear &bound : left.upper)
    addCandidate(quotient.upper, bound);
  // The group of a head: 0 <= h < H gives 0 <= h // (H // G) < G.
  int64_t heads = kernel.extentOf("h"), groups = kernel.extentOf("g");
  Linear lastHead = kernel.fixedExtent(heads) ? constantLinear(*kernel.fixedExtent(heads) - 1) : Linear{-1, {{heads, 1}}};
  if (isHeadsPerGroup(op.getRhs()) &&
      llvm::any_of(left.upper, [&](const Linear &own) { return isAtMost(own, lastHead, op); }))
    quotient.upper.insert(quotient.upper.begin(), kernel.fixedExtent(groups)
                                                      ? constantLinear(*kernel.fixedExtent(groups) - 1)
                                                      : Linear{-1, {{groups, 1}}});
  return quotient;
}

Bounds IntegerBounds::modulo(ir::BinaryOp op, const Bounds &left, const Bounds &right) const {
  if (right.low == INT64_MIN)
    return {};
  Bounds rest = between(right.low < 0 ? right.low + 1 : 0, right.high > 0 ? right.high - 1 : 0);
  if (right.low < 0)
    return rest;
  // x % n < n only where n isn't 0; x % n <= x where x isn't negative.
  bool positive = right.low >= 1 || llvm::any_of(right.lower, [&](const Linear &own) {
                    return isAtMost(constantLinear(1), own, op);
                  });
  if (positive)
    for (const Linear &bound : right.upper)
      addCandidate(rest.upper, addScaled(bound, constantLinear(1), -1));
  if (left.low >= 0) {
    for (const Linear &bound : left.upper)
      addCandidate(rest.upper, bound);
    rest.high = std::min(rest.high, left.high);
  }
  return rest;
}

Bounds IntegerBounds::computeBinary(ir::BinaryOp op) const {
  const Bounds &left = of(op.getLhs()), &right = of(op.getRhs());
  switch (op.getKind()) {
  case BinaryKind::Add:
    return add(left, right, 1);
  case BinaryKind::Subtract:
    return add(left, right, -1);
  case BinaryKind::Multiply:
    return multiply(left, right);
  case BinaryKind::FloorDivide:
    return divide(op, left, right);
  case BinaryKind::Modulo:
    return modulo(op, left, right);
  case BinaryKind::Power:
    return power(left, right);
  case BinaryKind::Minimum: {
    Bounds least = join(left, right, op);
    least.high = std::min(left.high, right.high);
    least.upper = left.upper;
    for (const Linear &bound : right.upper)
      addCandidate(least.upper, bound);
    return least;
  }
  case BinaryKind::Maximum: {
    Bounds most = join(left, right, op);
    most.low = std::max(left.low, right.low);
    most.lower = left.lower;
    for (const Linear &bound : right.lower)
      addCandidate(most.lower, bound);
    return most;
  }
  case BinaryKind::BitAnd:
  case BinaryKind::BitOr:
  case BinaryKind::BitXor:
    return bitwise(op.getKind(), left, right);
  case BinaryKind::ShiftLeft:
  case BinaryKind::ShiftRight:
    return shift(op.getKind(), left, right);
  case BinaryKind::Divide:
    return {};
  }
  return {};
}

/// Bounds of what a tensor may hold.
static Bounds storedBounds(Type stored) {
  auto integer = dyn_cast<IntegerType>(stored);
  if (!integer || integer.getWidth() >= 64)
    return {};
  Wide values = Wide(1) << integer.getWidth();
  return integer.isUnsigned() ? between(0, values - 1) : between(-values / 2, values / 2 - 1);
}

Bounds IntegerBounds::compute(Operation *op) const {
  if (auto constant = dyn_cast<ir::ConstantOp>(op)) {
    int64_t value = cast<IntegerAttr>(constant.getValue()).getInt();
    return between(value, value);
  }
  if (auto coordinate = dyn_cast<ir::CoordinateOp>(op)) {
    int64_t number = kernel.extentOf(coordinate.getName());
    if (number < 0)
      return {};
    Bounds bounds = add(extent(number), between(1, 1), -1);
    bounds.low = 0;
    bounds.high = std::max<int64_t>(bounds.high, 0);
    bounds.lower = {constantLinear(0)};
    return bounds;
  }
  if (auto size = dyn_cast<ir::ExtentOp>(op))
    return size.getFixed() ? between(*size.getFixed(), *size.getFixed()) : extent(size.getIndex());
  if (auto read = dyn_cast<ir::ReadOp>(op))
    return storedBounds(cast<ir::TensorHandleType>(read.getTensor().getType()).getElementType());
  if (auto function = dyn_cast<ir::UnaryOp>(op)) {
    const Bounds &operand = of(function.getOperand());
    if (function.getKind() == ir::UnaryKind::Negate)
      return add(between(0, 0), operand, -1);
    if (function.getKind() == ir::UnaryKind::BitNot)
      return add(between(-1, -1), operand, -1);
    if (function.getKind() == ir::UnaryKind::Sign)
      return between(operand.low >= 0 ? 0 : -1, operand.high <= 0 ? 0 : 1);
    if (function.getKind() == ir::UnaryKind::Abs) {
      Bounds opposite = add(between(0, 0), operand, -1);
      Bounds magnitude = join(operand, opposite, op);
      magnitude.low = operand.low == INT64_MIN ? INT64_MIN : std::max<int64_t>({operand.low, opposite.low, 0});
      if (magnitude.low >= 0)
        magnitude.lower = {constantLinear(magnitude.low)};
      return magnitude;
    }
    return {};
  }
  if (auto function = dyn_cast<ir::BinaryOp>(op))
    return computeBinary(function);
  if (auto choice = dyn_cast<ir::SelectOp>(op))
    return join(of(choice.getIfTrue()), of(choice.getIfFalse()), op);
  if (auto conversion = dyn_cast<ir::ConvertOp>(op))
    return functionType(conversion.getOperand()).getElementType().isInteger(1) ? between(0, 1) : Bounds();
  return {};
}

static std::optional<Linear> linear(AffineExpr expression) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return constantLinear(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    return Linear{0, {{int64_t(symbol.getPosition()), 1}}};
  auto pair = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!pair)
    return std::nullopt;
  auto left = linear(pair.getLHS()), right = linear(pair.getRHS());
  if (!left || !right)
    return std::nullopt;
  if (pair.getKind() == AffineExprKind::Add)
    return addScaled(*left, *right, 1);
  if (pair.getKind() != AffineExprKind::Mul)
    return std::nullopt;
  if (right->terms.empty())
    return addScaled({}, *left, right->constant);
  return left->terms.empty() ? addScaled({}, *right, left->constant) : std::nullopt;
}

std::optional<Linear> IntegerBounds::sizeOf(ir::TensorOp tensor, unsigned dimension) const {
  AffineExpr size = tensor.getSizes().getResult(dimension);
  SmallVector<AffineExpr> symbols;
  for (unsigned n = 0; n < tensor.getSizes().getNumSymbols(); ++n) {
    auto fixed = kernel.fixedExtent(n);
    symbols.push_back(fixed ? getAffineConstantExpr(*fixed, kernel.getContext()) : getAffineSymbolExpr(n, kernel.getContext()));
  }
  return linear(size.replaceSymbols(symbols));
}

bool IntegerBounds::isInside(ir::ReadOp read) const {
  return llvm::all_of(llvm::seq<unsigned>(0, read.getIndices().size()), [&](unsigned dimension) { return isInside(read, dimension); });
}

bool IntegerBounds::isInside(ir::ReadOp read, unsigned dimension) const {
  auto tensor = read.getTensor().getDefiningOp<ir::TensorOp>();
  auto size = tensor ? sizeOf(tensor, dimension) : std::nullopt;
  if (!size)
    return false;
  const Bounds &bounds = of(read.getIndices()[dimension]);
  bool notBelow = bounds.low >= 0 || llvm::any_of(bounds.lower, [&](const Linear &own) { return isNonNegative(own, read); });
  return notBelow && llvm::any_of(bounds.upper, [&](const Linear &own) {
           auto room = addScaled(*size, own, -1);
           auto past = room ? addScaled(*room, constantLinear(1), -1) : std::nullopt;
           return past && isNonNegative(*past, read);
         });
}

bool IntegerBounds::isDefined(ir::BinaryOp division) const {
  const Bounds &divisor = of(division.getRhs());
  if (divisor.low >= 1 || llvm::any_of(divisor.lower, [&](const Linear &own) {
        return isAtMost(constantLinear(1), own, division);
      }))
    return true;
  return divisor.high <= -1 && of(division.getLhs()).low != INT64_MIN;
}

} // namespace attn::lower
