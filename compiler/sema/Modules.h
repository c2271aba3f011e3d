#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/syntax/Ast.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace attn::sema {

class ModuleSet;

/// One file's definitions and layouts under their names, and the files it imports. Names are looked up in the file,
/// then in its imports, then in the library.
struct Module {
  const syntax::File *file = nullptr;
  bool isLibrary = false;
  std::unordered_map<std::string_view, const syntax::Definition *> definitions;
  std::unordered_map<std::string_view, const syntax::Layout *> layouts;
  std::vector<const Module *> imports;
};

template <typename Item> struct Found {
  const Item *item = nullptr; ///< null: there is none
  const Module *module = nullptr;
  const Item *rival = nullptr; ///< another import's, of the same name: the name is ambiguous
};

/// The main file, everything it imports, and the library that is always there. Owns the syntax trees it has loaded.
class ModuleSet {
public:
  /// Loads the imports of `main`. Reports missing and cyclic imports and names defined twice in one file.
  ModuleSet(const syntax::File &main, SourceManager &sources, Diagnostics &diagnostics);

  const Module &main() const { return *modules.front(); }
  /// Main and imported files, never the library.
  const std::vector<std::unique_ptr<Module>> &all() const { return modules; }

  Found<syntax::Definition> findDefinition(const Module &from, std::string_view name);
  Found<syntax::Layout> findLayout(const Module &from, std::string_view name);
  /// The lines that stand before an attention's own: `score`, `mask`, `weight`, `o`.
  const syntax::Layout &defaults();
  const Module &library();

  /// Every name a call, or a `layout` line, in `from` could mean; for suggestions.
  std::vector<std::string> definitionNames(const Module &from);
  std::vector<std::string> layoutNames(const Module &from);

private:
  Module *load(const syntax::File &file);
  void resolveImports(Module &module, std::vector<const SourceFile *> &open);
  template <typename Item>
  Found<Item> find(const Module &from, std::string_view name,
                   std::unordered_map<std::string_view, const Item *> Module::*table);
  template <typename Item>
  std::vector<std::string> names(const Module &from, std::unordered_map<std::string_view, const Item *> Module::*table);

  SourceManager &sources;
  Diagnostics &diagnostics;
  std::vector<std::unique_ptr<Module>> modules;
  std::vector<std::unique_ptr<syntax::File>> files;
  std::unordered_map<const SourceFile *, Module *> bySource;
  std::unique_ptr<Module> libraryModule;
  const syntax::Layout *defaultLines = nullptr;
};

/// One file of the library, as it is embedded.
struct LibraryFile {
  std::string_view name;
  std::string_view text;
};

/// The files of compiler/sema/library.
const std::vector<LibraryFile> &libraryFiles();

} // namespace attn::sema
