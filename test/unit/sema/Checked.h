#pragma once

#include "compiler/sema/Check.h"

#include <string>
#include <vector>

namespace attn::test {

/// A source after checking, with everything it points into.
struct Checked {
  SourceManager sources;
  Diagnostics diagnostics;
  std::optional<sema::Program> program;

  explicit Checked(const std::string &text);
  /// Everything that was said, for failure messages.
  std::string rendered() const { return render(diagnostics); }
  /// The kebab-case kinds, in order.
  std::vector<std::string> kinds() const;
  /// The first attention. The source must have been accepted.
  const sema::Attention &attention() const { return program->attentions.front(); }
  /// The value of a definition or output, or none.
  sema::NodeId value(std::string_view name) const;
  const sema::Node &node(std::string_view name) const { return attention().nodes[value(name)]; }
  std::string text(std::string_view name) const { return sema::format(attention(), value(name)); }
  /// `b h i`: what a value varies with.
  std::string varies(std::string_view name) const;
};

/// An attention over layout mha with these lines.
Checked mha(const std::string &lines);

} // namespace attn::test
