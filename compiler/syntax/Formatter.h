#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/source/SourceFile.h"

#include <optional>
#include <string>

namespace attn::syntax {

/// The text of a file as `attnc fmt` writes it; formatting it again changes nothing. The author decides where lines and
/// blocks break and what is said in comments; the formatter decides blanks:
///  - a block's lines are indented by 2, and so is what goes on from the line before or stands in brackets;
///  - a block that has a line break has one after `{` and one before `}`; semicolons at the end of a line go;
///  - at most one blank line in a row, none at the beginning or end of a block or file;
///  - one blank around `=` and operators with two sides, after `,`, `:`, `;`, inside `{ }`; none inside `( )` and `[ ]`;
///  - the `=` of definitions in adjacent lines (`name = …`; likewise `def name(…) = …`) stand in one column, unless their left
///    sides differ by more than 16 letters; whole-line comments between them don't count;
///  - comments behind adjacent lines begin in one column: the leftmost one the author used, if the code leaves room.
///
/// Nothing if the file has mistakes of syntax, which are reported. What names mean is not looked at.
std::optional<std::string> format(const SourceFile &source, Diagnostics &diagnostics);

/// Whether two texts without mistakes of syntax are the same program with the same comments.
bool isSameProgram(const SourceFile &one, const SourceFile &other);

} // namespace attn::syntax
