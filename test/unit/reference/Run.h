#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/reference/Binding.h"
#include "compiler/reference/Evaluator.h"
#include "compiler/sema/Program.h"
#include "compiler/source/SourceFile.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attn::reference {

/// A spec from text, its inputs, and what the oracle makes of them. The test fails where the spec has errors. Copies
/// share the inputs.
class Run {
public:
  explicit Run(const std::string &source);
  /// The only attention in a file.
  static Run ofFile(const std::string &path, const std::string &attention);

  /// Gives an input, converted to its declared type.
  Run &tensor(const std::string &name, std::vector<int64_t> shape, const std::vector<double> &values);
  /// Gives an input normal random values (ints: 0).
  Run &random(const std::string &name, std::vector<int64_t> shape, unsigned seed = 1);
  Run &scalar(const std::string &name, double value);
  Run &extent(const std::string &name, int64_t value);
  /// What outputs hold before the run; 0 without.
  Run &fill(double value) { return initial = value, *this; }

  /// Binds; the errors, if any, one per line.
  std::string bindErrors();
  /// Binds and evaluates everything; the error, if any.
  std::string evaluate(unsigned threads = 1);
  /// Evaluates, which must succeed, and returns an output.
  std::vector<double> output(const std::string &name);
  std::vector<int64_t> shape(const std::string &name);
  /// The input as it was stored, in row-major order.
  const std::vector<double> &input(const std::string &name) const;

  const sema::Attention &attention() const { return *spec; }
  const Binding &binding();
  uint32_t outputNumber(const std::string &name) const;
  Arguments &inputs() { return *arguments; }

private:
  Run() = default;
  void check(const SourceFile *file, const std::string &attention);

  std::shared_ptr<SourceManager> sources = std::make_shared<SourceManager>();
  std::shared_ptr<sema::Program> program;
  const sema::Attention *spec = nullptr;
  std::shared_ptr<Arguments> arguments;
  std::shared_ptr<std::deque<std::vector<char>>> memory = std::make_shared<std::deque<std::vector<char>>>();
  std::vector<std::pair<std::string, std::vector<double>>> given;
  std::optional<Binding> bound;
  std::vector<std::vector<char>> results;
  bool evaluated = false;
  double initial = 0;
};

/// Sequences of every length in one buffer, without padding.
inline const std::string raggedLayout = R"(layout ragged {
  qp: f32[Tq, H, D]; kp: f32[Tk, G, D]; vp: f32[Tk, G, D]
  cu_q: i32[B + 1];  cu_k: i32[B + 1]
  I = cu_q[b + 1] - cu_q[b]
  J = cu_k[b + 1] - cu_k[b]
  q = qp[cu_q[b] + i]; k = kp[cu_k[b] + j]; v = vp[cu_k[b] + j]
  out op: f32[Tq, H, D]
  op[cu_q[b] + i, h, d] = o
}
)";

/// Reads all elements of a row-major tensor.
std::vector<double> values(const TensorView &view);

/// Softmax attention by its definition, for tests to compare with: q[I, D], k[J, D], v[J, E]; `visible` decides on (i,
/// j).
struct Naive {
  std::vector<double> o, lse;
};
Naive naiveAttention(const std::vector<double> &q, const std::vector<double> &k, const std::vector<double> &v,
                     int64_t I, int64_t J, int64_t D, int64_t E, double scale,
                     const std::function<bool(int64_t, int64_t)> &visible);

/// Whether every element is within `tolerance`; equal infinities and NaN with NaN agree.
bool agree(const std::vector<double> &a, const std::vector<double> &b, double tolerance = 1e-5);

} // namespace attn::reference
