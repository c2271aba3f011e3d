#include "test/unit/sema/Checked.h"

#include "compiler/syntax/Parser.h"

namespace attn::test {

Checked::Checked(const std::string &text) {
  const SourceFile *source = sources.addText("test.attn", text);
  syntax::File file = syntax::parse(*source, diagnostics);
  program = sema::check(file, sources, diagnostics);
}

std::vector<std::string> Checked::kinds() const {
  std::vector<std::string> result;
  for (const Diagnostic &diagnostic : diagnostics.all())
    result.emplace_back(kindName(diagnostic.kind));
  return result;
}

sema::NodeId Checked::value(std::string_view name) const {
  for (const sema::Output &output : attention().outputs)
    if (output.name == name)
      return output.value;
  for (const sema::Definition &definition : attention().definitions)
    if (definition.name == name)
      return definition.value;
  return sema::none;
}

std::string Checked::varies(std::string_view name) const {
  std::string result;
  for (sema::CoordinateId id = 0; id < attention().coordinates.size(); ++id)
    if (node(name).varies & sema::setOf(id))
      result += (result.empty() ? "" : " ") + attention().coordinates[id].name;
  return result;
}

Checked mha(const std::string &lines) { return Checked("attention a {\n  layout mha\n" + lines + "\n}\n"); }

} // namespace attn::test
