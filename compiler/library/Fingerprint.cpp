#include "compiler/library/Fingerprint.h"

#include <bit>
#include <type_traits>

using namespace attn;
using namespace attn::sema;

namespace {

class Recorder {
public:
  std::string bytes;

  template <class T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void add(T value) {
    uint64_t word = uint64_t(value);
    // Most are small: seven bits a byte.
    for (; word >= 128; word >>= 7)
      bytes += char(word | 128);
    bytes += char(word);
  }
  void add(double value) { add(std::bit_cast<uint64_t>(value)); }
  void add(std::string_view text) {
    add(text.size());
    bytes += text;
  }
  void add(const std::string &text) { add(std::string_view(text)); }
  void add(SourceRange range) {
    add(range.file ? std::string_view(range.file->path()) : std::string_view());
    if (range.file) {
      LineColumn at = range.file->locate(range.begin);
      add(at.line);
      add(at.column);
      add(range.text());
    }
  }
  template <class T> void add(const std::vector<T> &list) {
    add(list.size());
    for (const T &item : list)
      add(item);
  }
  template <class T> void add(const std::optional<T> &value) {
    add(value.has_value());
    if (value)
      add(*value);
  }
  template <class... Fields> void all(const Fields &...fields) { (add(fields), ...); }

  void add(const Dimension &it) { all(it.value, it.extent, it.scale, it.offset, it.broadcastable, it.range); }
  void add(const Coordinate &it) { all(it.name, it.extent); }
  void add(const Extent &it) { all(it.name, it.binding, it.value, it.scalar, it.fixed, it.perBatch, it.range); }
  void add(const Tensor &it) { all(it.name, it.element, it.dimensions, it.range); }
  void add(const Scalar &it) { all(it.name, it.kind, it.defaultValue, it.extent); }
  void add(const Output &it) { all(it.name, it.element, it.dimensions, it.coordinates, it.indices, it.value, it.range); }
  void add(const Node &it) {
    all(it.kind, it.type, it.varies, it.unary, it.binary, it.compare, it.reduction, it.coordinate, it.index, it.integer,
        it.real, it.coordinates, it.operands);
    // Only these name their place in a message.
    if (it.kind == NodeKind::Load || it.kind == NodeKind::Binary)
      add(it.range);
  }
};

} // namespace

std::string library::fingerprint(const Attention &attention) {
  Recorder recorder;
  recorder.all(attention.name, attention.coordinates, attention.extents, attention.tensors, attention.scalars,
               attention.outputs, attention.nodes, attention.score, attention.mask, attention.weight, attention.lse);
  return std::move(recorder.bytes);
}
