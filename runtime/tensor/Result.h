#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace attn {

/// Why something could not be done: one line, lower case, no full stop, ready to be shown.
struct Failure {
  std::string message;
};

/// A value, or why there is none. `*result` and `result->` need a value; `failure()` needs none.
template <class T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::move(value)) {}
  Result(Failure failure) : state(std::move(failure)) {}

  explicit operator bool() const { return std::holds_alternative<T>(state); }
  T &operator*() & { return *std::get_if<T>(&state); }
  const T &operator*() const & { return *std::get_if<T>(&state); }
  T &&operator*() && { return std::move(*std::get_if<T>(&state)); }
  T *operator->() { return std::get_if<T>(&state); }
  const T *operator->() const { return std::get_if<T>(&state); }
  const Failure &failure() const { return *std::get_if<Failure>(&state); }
  const std::string &message() const { return failure().message; }

private:
  std::variant<T, Failure> state;
};

/// What fails with this was asked to stop; nothing is wrong.
inline constexpr std::string_view stoppedText = "stopped";

/// The result of what returns nothing.
using Status = Result<std::monostate>;

} // namespace attn
