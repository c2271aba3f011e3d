#pragma once

#include "compiler/session/Session.h"

#include <string>
#include <vector>

namespace attn::test {

/// A session's answer, as a person reads it.
inline std::string textOf(const session::Messages &messages) {
  std::string text;
  for (const session::Message &message : messages.all())
    if (message.kind == session::Message::Kind::Diagnostics)
      for (const Diagnostic &diagnostic : message.diagnostics)
        text += render(diagnostic);
    else
      text += (message.kind == session::Message::Kind::Error ? "error: " : "note: ") + message.text + "\n";
  return text;
}

/// A session one talks to.
struct Talk {
  session::Session session;
  bool good = true;

  std::string add(const std::string &typed) {
    session::Messages messages;
    good = session.add(typed, messages);
    return textOf(messages);
  }
  /// Type and coordinates of an expression, or the message.
  std::string ask(const std::string &typed) const {
    session::Messages messages;
    auto probe = session.probe(typed, messages);
    return probe ? std::string(spelling(probe->type())) + " [" + coordinatesOf(*probe) + "]" : textOf(messages);
  }
  bool checks(const std::string &name) const {
    auto spec = session.spec(name);
    return spec && spec->isGood();
  }
};

} // namespace attn::test
