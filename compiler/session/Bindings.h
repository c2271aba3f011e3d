#pragma once

#include "compiler/library/Inputs.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace attn::session {

/// What a person gave for runs, by name, whatever attention it is for: values as text, evaluated where they are used.
class Bindings {
public:
  /// Gives a tensor or scalar a value, or an extent (a name with a capital) a size.
  Status set(const std::string &name, const std::string &value);
  /// Takes a value or size back; false if there was none.
  bool unset(const std::string &name);
  void clear();

  const std::map<std::string, std::string> &values() const { return texts; }
  const std::map<std::string, int64_t> &dims() const { return sizes; }
  /// The seed of inputs that are not given: they are random, if it is there.
  std::optional<uint64_t> seed;

  /// Those of them that an attention has a use for.
  library::InputRequest requestFor(const sema::Attention &attention) const;

private:
  std::map<std::string, std::string> texts;
  std::map<std::string, int64_t> sizes;
};

/// The text without the space around it.
std::string_view trimmed(std::string_view text);

/// `load("q.npy")`, `"q.npy"` and `q.npy` are the file q.npy; an expression is itself. Fails on a string or `load` that
/// isn't well formed.
Result<std::string> sourceOf(const std::string &value);

} // namespace attn::session
