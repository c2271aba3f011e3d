#pragma once

#include "runtime/file/SafetensorsHeader.h"
#include "runtime/tensor/Convert.h"

#include <optional>
#include <string>

namespace attn {

/// The tensors of a `.safetensors` file, checked but for their elements. Nothing is allocated before the file's size has been compared with
/// what its header promises. Messages start with the path.
Result<std::vector<SafetensorsEntry>> listSafetensors(const std::string &path);

/// Reads one of them. An empty name means the only one. Elements are converted as `readElements` does; all types of the format but the
/// 8-bit floats can be read.
Result<Converted> readSafetensors(const std::string &path, const std::string &name,
                                  std::optional<ElementType> wanted = std::nullopt);

/// Takes `model.safetensors:layers.0.q` apart: path, and name (empty where there is none). Nothing if the text names no such file.
std::optional<std::pair<std::string, std::string>> splitSafetensors(const std::string &text);

} // namespace attn
