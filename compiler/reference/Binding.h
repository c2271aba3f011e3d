#pragma once

#include "compiler/reference/TensorView.h"
#include "compiler/sema/Program.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// From a caller's tensors and scalars to the sizes of a run: binds every extent, and says what does not fit.
namespace attn::reference {

/// A scalar input, as int (bool: 0 or 1) and as float; the one its kind asks for is read.
struct ScalarValue {
  int64_t integer = 0;
  double real = 0;
  static ScalarValue ofInteger(int64_t value) { return {value, static_cast<double>(value)}; }
  static ScalarValue ofReal(double value);
};

/// What the caller gives, by TensorId, ScalarId and ExtentId. What is left out must follow from the rest.
struct Arguments {
  explicit Arguments(const sema::Attention &attention);

  /// By name; false if the attention has no such input or extent.
  bool setTensor(std::string_view name, TensorView view);
  bool setScalar(std::string_view name, ScalarValue value);
  bool setExtent(std::string_view name, int64_t value);

  const sema::Attention *attention;
  std::vector<std::optional<TensorView>> tensors;
  std::vector<std::optional<ScalarValue>> scalars;
  std::vector<std::optional<int64_t>> extents; ///< sizes said outright (`--dims`); they must agree with the tensors
};

/// Everything a run's graph can refer to. An entry that is still unknown while binding is nullopt; in a finished
/// binding none is but `extents` of those that vary with b, which stand in `perBatch`.
struct Binding {
  std::vector<TensorView> tensors;
  std::vector<std::optional<ScalarValue>> scalars;
  std::vector<std::optional<int64_t>> extents;
  std::vector<std::vector<int64_t>> perBatch;
};

struct BindResult {
  std::optional<Binding> binding;  ///< there if `errors` is empty
  std::vector<std::string> errors; ///< one line each, ready to show
};

/// Checks every tensor's rank, type and shape, binds the extents, evaluates computed ones, and checks H % G and signs.
BindResult bind(const sema::Attention &attention, const Arguments &arguments);

struct InputShapes {
  std::vector<std::vector<int64_t>> shapes; ///< per input tensor; empty unless `missing` and `errors` are
  std::vector<std::string> missing;         ///< extents that must be given
  std::vector<std::string> errors;
};

/// The shape every input must have where `arguments` gives all extents that tensors would bind; tensors that are given
/// bind theirs.
InputShapes inputShapes(const sema::Attention &attention, const Arguments &arguments);

std::vector<int64_t> outputShape(const sema::Attention &attention, const Binding &binding, uint32_t output);

} // namespace attn::reference
