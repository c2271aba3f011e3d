#pragma once

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// `dot(q, sum(c: w * k))` is `dot(sum(d: w * q), k)`: a matrix between queries and keys is multiplied with each query, once, and the keys stay as they are in
/// memory; otherwise every row block of queries would multiply it with all keys. Erases `sum`, a dot product or a sum over features of something of
/// queries and keys, and returns what takes its place; null, and nothing is changed, where it has no such matrix.
mlir::Operation *exchangeSums(mlir::Operation *sum);

} // namespace attn::lower
