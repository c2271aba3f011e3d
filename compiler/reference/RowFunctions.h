#pragma once

#include <cstdint>
#include <optional>
#include <span>

/// Row functions by their textbook definitions: each maps the values at a row's visible keys, in key order, to one
/// value per key (in place). A NaN in the row makes the whole row NaN, and so does +inf where the function is a
/// normaliser that would have to divide by it; -inf is a key of weight 0.
namespace attn::reference {

/// x[j] := e^x[j] / (e^sink + sum of e^x). All 0 where the denominator is 0. The sink is one more score that has no
/// key.
void softmax(std::span<double> row, std::optional<double> sink);
/// ln(e^sink + sum of e^x); -inf where that sum is 0.
double logSumExp(std::span<const double> row, std::optional<double> sink);
/// x[j] / sum of x; all 0 where the sum is 0.
void normalize(std::span<double> row);
/// -inf where x[j] is not among the `count` largest; of equals the earlier key wins.
void topk(std::span<double> row, int64_t count);
/// The Euclidean projection onto the simplex: max(x[j] - t, 0) with t such that the sum is 1. (Martins and Astudillo,
/// 2016)
void sparsemax(std::span<double> row);
/// max(x[j] / 2 - t, 0)^2 with t such that the sum is 1. (Peters, Niculae and Martins, 2019)
void entmax15(std::span<double> row);

} // namespace attn::reference
