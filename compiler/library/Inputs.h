#pragma once

#include "compiler/library/Compiler.h"
#include "compiler/reference/Binding.h"
#include "runtime/tensor/Convert.h"

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace attn::library {

struct RunData;

/// Tensors of an earlier run that were made from expressions, for another that asks for the same.
class TensorPool {
public:
  /// The tensor that was made in the same way; it is then no longer in the pool.
  std::optional<Tensor> take(const std::string &recipe);
  /// Keeps what a run was made from, in place of what was kept before.
  void keep(RunData data);
  /// Of all in it.
  int64_t bytes() const;

private:
  std::map<std::string, Tensor> tensors;
};

/// Where a request comes from, and so how a message says what to do.
enum class InputWording : uint8_t { CommandLine, Session };

/// What a person gives for a run, as text.
struct InputRequest {
  std::vector<std::pair<std::string, std::string>> tensors; ///< name, and a file or an expression
  std::vector<std::pair<std::string, std::string>> scalars; ///< name and value
  std::map<std::string, int64_t> dims;                      ///< extents of tensors that are not given
  bool random = false;                                      ///< make tensors that are not given
  uint64_t seed = 0;
  InputWording wording = InputWording::CommandLine;
  TensorPool *pool = nullptr; ///< may have some of the tensors; may be null
  const std::atomic<bool> *stop = nullptr; ///< where it becomes true, making inputs fails; may be null
  /// What will be evaluated, if it isn't the whole attention: tensors that this doesn't read need not be given, only have a size (an extent that
  /// nothing here refers to is 1 where it isn't given), and outputs are not made. `RunData::tensors` is then empty at both.
  std::vector<sema::NodeId> onlyNodes;
  bool wholePlane = true;   ///< beside onlyNodes: I and J must be given, whether the nodes refer to them or not
  bool allFeatures = false; ///< beside onlyNodes: extents other than B, H and G must be given all the same; the compiler's tiles depend on them
  bool allExtents = false;  ///< beside onlyNodes: every extent must be given all the same
};

/// Everything a run needs. Tensors are inputs, then outputs (zeros), as the attention lists them.
struct RunData {
  std::vector<Tensor> tensors;
  std::vector<ScalarArgument> scalars;
  reference::Binding binding; ///< of the inputs; its views point into `tensors`
  std::vector<std::string> recipes; ///< by input: how it was made, if from an expression
  std::vector<std::string> notes; ///< what a person should know: `q: rounded from f64 to f32`

  std::vector<DLTensor> views() const;
};

/// Reads, evaluates and makes the inputs, binds the extents, and makes the outputs. On failure returns nothing, with one line per thing
/// that is wrong or missing and how to give it.
std::optional<RunData> gatherInputs(const sema::Attention &attention, const InputRequest &request,
                                    std::vector<std::string> &errors);

/// Reads `q.npy`, or `model.safetensors:NAME`.
Result<Converted> readTensor(const std::string &source, std::optional<ElementType> wanted);

/// The oracle's view of a tensor.
reference::TensorView viewOf(Tensor &tensor);

} // namespace attn::library
