#pragma once

#include "compiler/sema/Modules.h"
#include "compiler/sema/Reports.h"

#include <unordered_set>

namespace attn::sema {

/// Checks what can be said of every def of a file by itself, whether something calls it or not: its names, the
/// functions it calls and how many arguments they take, and that it doesn't call itself. Returns the defs that do; they
/// must not be instantiated.
std::unordered_set<const syntax::Definition *> checkDefinitions(ModuleSet &modules, Reports &reports);

} // namespace attn::sema
