#pragma once

#include "runtime/tensor/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// One tensor of a `.safetensors` file.
struct SafetensorsEntry {
  std::string name;
  std::string type; ///< as written: `F32`
  std::vector<int64_t> shape;
  int64_t begin = 0, end = 0; ///< bytes of its elements, counted from the end of the header
};

/// Reads the JSON at the head of a file, in the order of the tensors' bytes. Fails unless every entry is complete, no name is there twice
/// and the tensors cover `dataBytes` without gap or overlap, as the format asks for. Types aren't looked at: a tensor of a type nobody here
/// knows doesn't spoil the others.
Result<std::vector<SafetensorsEntry>> parseSafetensorsHeader(std::string_view json, int64_t dataBytes);

/// A name or type out of a file, as a message shows it: without control characters, and not too long.
std::string displayName(std::string_view name);

} // namespace attn
