#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attn::repl {

/// What a person's next input was.
struct Input {
  enum class Kind : uint8_t { Text, Interrupted, End };
  Kind kind = Kind::End;
  std::string text; ///< one line, or the lines of one block
};

/// What may stand at the cursor: the word there begins `wordLength` bytes before it, and these are ways to finish it.
struct Completions {
  size_t wordLength = 0;
  std::vector<std::string> words;
};

/// Where input comes from. A block is read whole: as long as it can only be the beginning of something, more lines
/// follow.
class LineReader {
public:
  virtual ~LineReader() = default;
  virtual Input read() = 0;
  /// Drops what was read and not handed out yet: the rest of a text that was pasted.
  virtual void forget() {}
  /// Whether a person sits at the other end.
  virtual bool isTerminal() const = 0;
};

/// Lines of standard input, as they come. Looks one line ahead, so that a block may go on with `|>` or `and`.
std::unique_ptr<LineReader> createPlainReader();

struct TerminalOptions {
  bool color = false;
  std::string historyFile; ///< empty: none is kept
  std::function<Completions(std::string_view before)> complete;
};

/// The terminal, by libedit: keys, history, completion. A text pasted into it is one input where it can be, else one
/// after the other. Null where the terminal can't be used.
std::unique_ptr<LineReader> createTerminalReader(TerminalOptions options);

/// The inputs that a text of several lines is: commands, and what goes on over lines as one.
std::vector<std::string> inputsIn(std::string_view text);

/// Where history is kept: `$XDG_STATE_HOME/attn/history`, or below `~/.local/state`. Makes the folder; empty where that
/// isn't possible.
std::string historyPath();

} // namespace attn::repl
