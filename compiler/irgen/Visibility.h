#pragma once

#include "compiler/sema/Program.h"

namespace attn::irgen {

/// Whether a key that the mask shows may be invisible because its score is -inf, where a row function can tell: not where a
/// softmax of a score that varies with j is all there is, in which such a key has no weight anyhow. Scores are taken to be above -inf where
/// nothing but products of inputs could make them so.
bool scoreHidesKeys(const sema::Attention &attention);

} // namespace attn::irgen
