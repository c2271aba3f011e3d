#pragma once

#include "runtime/tensor/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// The dictionary at the head of a `.npy` file.
struct NpyHeader {
  char byteOrder = '<'; ///< `<`, `>`, or `|` where there is none
  char kind = 'f';      ///< NumPy's letter: f i u b V ...
  int64_t itemSize = 0; ///< bytes per element
  bool fortranOrder = false;
  std::vector<int64_t> shape;
  std::string descr; ///< as written: `<f4`
};

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. The failure says what is wrong with it.
Result<NpyHeader> parseNpyHeader(std::string_view text);

/// The first bytes of a file, up to the data, in version 1.0. A rank of at most 8 always fits.
std::string formatNpyHeader(std::string_view descr, const std::vector<int64_t> &shape);

} // namespace attn
