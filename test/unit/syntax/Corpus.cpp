#include "test/unit/syntax/Corpus.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace attn::syntax {

/// Forms that the examples may not have.
static constexpr const char *unusual = R"(# every form once
import "other.attn"
def even_bits(c) {
  c = c & 0x55555555
  (c | c >> 1) & 0x33333333 ^ ~c << 2
}
def shared_prefix(off: i32[N], doc: i32[T]) {
  x = doc[i]; p = x
  off[x] <= j <= i or x != p and off[p] <= j < off[p + 1]
}
layout varlen(t: type = f32) {
  qp: t[Tq, H, D]; cu_q: i32[B + 1]
  I = cu_q[b + 1] - cu_q[b]
  q = qp[cu_q[b] + i]
  out op: t[Tq, H, D]
  op[cu_q[b] + i, h, d] = o
}
attention everything {
  layout varlen(bf16)
  scale: float = 1 / sqrt(D); n: int; flag: bool = true and not false
  score = (dot(q, k[n = clamp(i - j, 0, N - 1)]) + sum(r, c: a * w[r, c]))
        * scale
        |> softcap(50.0)
        |> t5(bias, far = 1e2)
  v     = past[b, g, j, d] if j < P else new[b, g, j - P, d] if j < -inf ** 2 else 0
  z     = -x ** -2 % 3 // .5
  out o, weight: f32[B, H, I, J]
}
)";

const std::vector<CorpusFile> &corpus() {
  static const std::vector<CorpusFile> files = [] {
    std::vector<CorpusFile> found = {{"unusual", unusual}};
    for (const char *folder : {"/examples", "/compiler/sema/library"})
      for (const auto &entry : std::filesystem::directory_iterator(ATTN_SOURCE_DIR + std::string(folder)))
        if (entry.path().extension() == ".attn") {
          std::ifstream stream(entry.path(), std::ios::binary);
          found.push_back({entry.path().filename().string(), {std::istreambuf_iterator<char>(stream), {}}});
        }
    return found;
  }();
  return files;
}

} // namespace attn::syntax
