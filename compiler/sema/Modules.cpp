#include "compiler/sema/Modules.h"
#include "compiler/syntax/Parser.h"

#include <algorithm>

namespace attn::sema {

namespace {

constexpr size_t maximumImportDepth = 200;
constexpr size_t maximumModules = 1000;

/// An import's path, relative to the folder of the importing file.
std::string resolved(const SourceFile &importer, const std::string &path) {
  if (!path.empty() && path.front() == '/')
    return path;
  size_t slash = importer.path().rfind('/');
  return slash == std::string::npos ? path : importer.path().substr(0, slash + 1) + path;
}

} // namespace

ModuleSet::ModuleSet(const syntax::File &main, SourceManager &sources, Diagnostics &diagnostics)
    : sources(sources), diagnostics(diagnostics) {
  Module *module = load(main);
  std::vector<const SourceFile *> open{main.source};
  resolveImports(*module, open);
}

Module *ModuleSet::load(const syntax::File &file) {
  auto owned = std::make_unique<Module>();
  Module *module = owned.get();
  module->file = &file;
  modules.push_back(std::move(owned));
  bySource[file.source] = module;
  // rule 6.7: two of one name in one file are an error.
  auto enter = [&](auto &table, const auto &items, std::string_view what) {
    for (const auto &item : items) {
      auto [it, isNew] = table.emplace(item.name.text, &item);
      if (!isNew)
        diagnostics.report(DiagnosticKind::DuplicateDefinition, item.name.range, what, item.name.text)
            .note(it->second->name.range, fmt::format("`{}` is first defined here", item.name.text));
    }
  };
  enter(module->definitions, file.definitions, "def");
  enter(module->layouts, file.layouts, "layout");
  std::unordered_map<std::string_view, const syntax::Attention *> attentions;
  enter(attentions, file.attentions, "attention");
  return module;
}

void ModuleSet::resolveImports(Module &module, std::vector<const SourceFile *> &open) {
  for (const syntax::Import &import : module.file->imports) {
    std::string path = resolved(*module.file->source, import.path), reason;
    const SourceFile *source = import.path.empty() ? nullptr : sources.open(path, reason);
    if (!source) {
      diagnostics.report(DiagnosticKind::ImportNotFound, import.range, path)
          .withLabel(import.path.empty() ? "the path is empty" : reason)
          .note("paths are relative to the importing file");
      continue;
    }
    if (std::find(open.begin(), open.end(), source) != open.end()) {
      diagnostics.report(DiagnosticKind::ImportCycle, import.range, import.path)
          .withLabel(source == module.file->source ? "this is the file itself"
                                                   : fmt::format("`{}` imports this file", source->path()));
      continue;
    }
    Module *imported = nullptr;
    if (auto it = bySource.find(source); it != bySource.end()) {
      imported = it->second;
    } else {
      if (open.size() >= maximumImportDepth || modules.size() >= maximumModules) {
        diagnostics.report(DiagnosticKind::ImportTooDeep, import.range, import.path);
        continue;
      }
      files.push_back(std::make_unique<syntax::File>(syntax::parse(*source, diagnostics)));
      imported = load(*files.back());
      open.push_back(source);
      resolveImports(*imported, open);
      open.pop_back();
    }
    if (std::find(module.imports.begin(), module.imports.end(), imported) == module.imports.end())
      module.imports.push_back(imported);
  }
}

const Module &ModuleSet::library() {
  if (libraryModule)
    return *libraryModule;
  libraryModule = std::make_unique<Module>();
  libraryModule->isLibrary = true;
  for (const LibraryFile &text : libraryFiles()) {
    const SourceFile *source = sources.addText(fmt::format("<library>/{}", text.name), std::string(text.text));
    files.push_back(std::make_unique<syntax::File>(syntax::parse(*source, diagnostics)));
    if (text.name == "defaults.attn") {
      defaultLines = &files.back()->layouts.front();
      continue;
    }
    for (const syntax::Definition &definition : files.back()->definitions)
      libraryModule->definitions.emplace(definition.name.text, &definition);
    for (const syntax::Layout &layout : files.back()->layouts)
      libraryModule->layouts.emplace(layout.name.text, &layout);
  }
  return *libraryModule;
}

const syntax::Layout &ModuleSet::defaults() {
  library();
  return *defaultLines;
}

template <typename Item>
Found<Item> ModuleSet::find(const Module &from, std::string_view name,
                            std::unordered_map<std::string_view, const Item *> Module::*table) {
  auto lookUp = [&](const Module &module) -> const Item * {
    auto it = (module.*table).find(name);
    return it == (module.*table).end() ? nullptr : it->second;
  };
  // rule 6.8: a file's own definitions hide its imports', and those hide the library's.
  if (const Item *own = lookUp(from))
    return {own, &from};
  Found<Item> found;
  for (const Module *import : from.imports)
    if (const Item *item = lookUp(*import)) {
      if (found.item)
        found.rival = item;
      else
        found.item = item, found.module = import;
    }
  if (!found.item && !from.isLibrary)
    if (const Item *item = lookUp(library()))
      return {item, libraryModule.get()};
  return found;
}

Found<syntax::Definition> ModuleSet::findDefinition(const Module &from, std::string_view name) {
  return find(from, name, &Module::definitions);
}

Found<syntax::Layout> ModuleSet::findLayout(const Module &from, std::string_view name) {
  return find(from, name, &Module::layouts);
}

template <typename Item>
std::vector<std::string> ModuleSet::names(const Module &from,
                                          std::unordered_map<std::string_view, const Item *> Module::*table) {
  std::vector<std::string> result;
  auto collect = [&](const Module &module) {
    for (auto &[name, item] : module.*table)
      result.emplace_back(name);
  };
  collect(from);
  for (const Module *import : from.imports)
    collect(*import);
  collect(library());
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

std::vector<std::string> ModuleSet::definitionNames(const Module &from) { return names(from, &Module::definitions); }

std::vector<std::string> ModuleSet::layoutNames(const Module &from) { return names(from, &Module::layouts); }

} // namespace attn::sema
