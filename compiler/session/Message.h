#pragma once

#include "compiler/diagnostics/Diagnostics.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace attn::session {

/// One thing a session has to say, to be shown in order.
struct Message {
  enum class Kind : uint8_t { Diagnostics, Error, Note };
  Kind kind = Kind::Note;
  std::string text; ///< of an error or a note
  std::vector<Diagnostic> diagnostics{};
  std::shared_ptr<const void> owner{}; ///< of the sources that the diagnostics point into
};

class Messages {
public:
  void error(std::string text) { list.push_back({Message::Kind::Error, std::move(text)}); }
  void note(std::string text) { list.push_back({Message::Kind::Note, std::move(text)}); }
  void add(const Diagnostics &diagnostics, std::shared_ptr<const void> owner) {
    add(diagnostics.all(), std::move(owner));
  }
  void add(std::vector<Diagnostic> diagnostics, std::shared_ptr<const void> owner) {
    if (!diagnostics.empty())
      list.push_back({Message::Kind::Diagnostics, "", std::move(diagnostics), std::move(owner)});
  }
  const std::vector<Message> &all() const { return list; }

private:
  std::vector<Message> list;
};

} // namespace attn::session
