#pragma once

#include "dialect/AttnDialect.h"

#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace attn::lower {

/// A constant times factors, none of which is a constant. They are sorted, so that equal products have equal lists.
struct Monomial {
  double constant = 1;
  llvm::SmallVector<mlir::Value, 4> factors;
};

/// A sum of monomials with distinct lists of factors, in a fixed order.
using Polynomial = llvm::SmallVector<Monomial, 4>;

Polynomial product(const Polynomial &left, const Polynomial &right);

/// Takes f32 functions of pairs apart into sums and products of what varies with the query or with the key alone. Whatever is no sum, product,
/// square or quotient of such is a factor by itself, a function of pairs.
class PolynomialOfPairs {
public:
  /// Nothing where it would have more than `mostMonomials`.
  std::optional<Polynomial> of(mlir::Value value) { return expand(value, 0); }

  static constexpr size_t mostMonomials = 16;

private:
  std::optional<Polynomial> expand(mlir::Value value, unsigned depth);
  std::optional<Polynomial> expandOnce(mlir::Value value, unsigned depth);

  llvm::DenseMap<mlir::Value, std::optional<Polynomial>> known;
};

} // namespace attn::lower
