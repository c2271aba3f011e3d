#include "compiler/repl/LineReader.h"

#include "compiler/repl/Interrupt.h"
#include "compiler/syntax/Fragment.h"

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <deque>
#include <filesystem>
#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace attn;
using namespace attn::repl;

namespace {

constexpr int historyLength = 2000;
constexpr char promptMark = '\1'; ///< parts of the prompt between two of these take no room on the screen
constexpr const char *pasteOn = "\x1b[?2004h", *pasteOff = "\x1b[?2004l";

volatile std::sig_atomic_t isResized = 0, isContinued = 0;
void onResize(int) { isResized = 1; }
void onContinue(int) { isContinued = 1; }

class TerminalReader : public LineReader {
public:
  explicit TerminalReader(TerminalOptions given) : options(std::move(given)) {}
  ~TerminalReader() override;
  bool isTerminal() const override { return true; }
  bool open();
  Input read() override;
  void forget() override { pending.clear(); }

private:
  static TerminalReader &self(EditLine *editor) {
    void *data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<TerminalReader *>(data);
  }
  static char *promptOf(EditLine *editor) { return self(editor).prompt.data(); }
  static int readKey(EditLine *editor, wchar_t *key) { return self(editor).nextKey(key); }
  static unsigned char completeKey(EditLine *editor, int) { return self(editor).completeWord(); }
  static unsigned char pasteKey(EditLine *editor, int) { return self(editor).paste(); }

  void bindKeys();
  void setPrompt(bool isFirst);
  size_t rowsAboveCursor(size_t columns) const;
  void drawAnew();
  void goBack(size_t rows) const;
  void moveToEnd();
  int nextKey(wchar_t *key);
  bool waitForByte();
  unsigned char completeWord();
  void list(const std::vector<std::string> &words) const;
  unsigned char paste();
  void remember(const std::string &text);
  Input handOut(std::string text);

  TerminalOptions options;
  EditLine *editor = nullptr;
  History *history = nullptr;
  std::string prompt, block;       ///< block: the lines before the one that is edited
  std::deque<std::string> pending; ///< of a text that was pasted
  bool isInterrupted = false;
  bool isBeginning = true; ///< no key of the line was read yet
  int typedAhead = 0;      ///< bytes that were there when it began
  size_t columns = 80;     ///< of the window as it was drawn last
};

constexpr size_t promptWidth = 6;

size_t windowColumns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

TerminalReader::~TerminalReader() {
  if (editor)
    el_end(editor);
  if (history)
    history_end(history);
}

bool TerminalReader::open() {
  // Only what is a letter and how wide it is: numbers are written the same way everywhere.
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
    std::setlocale(LC_CTYPE, "C.UTF-8");
  editor = el_init("attnc", stdin, stdout, stderr);
  history = history_init();
  if (!editor || !history)
    return false;
  HistEvent event;
  ::history(history, &event, H_SETSIZE, historyLength);
  ::history(history, &event, H_SETUNIQUE, 1);
  if (!options.historyFile.empty())
    ::history(history, &event, H_LOAD, options.historyFile.c_str());
  el_set(editor, EL_CLIENTDATA, this);
  el_set(editor, EL_PROMPT_ESC, promptOf, promptMark);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, ::history, history);
  el_set(editor, EL_GETCFN, readKey);
  bindKeys();
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = onResize;
  sigaction(SIGWINCH, &action, nullptr);
  action.sa_handler = onContinue;
  sigaction(SIGCONT, &action, nullptr);
  return true;
}

void TerminalReader::bindKeys() {
  el_set(editor, EL_ADDFN, "attn-complete", "completes the word", completeKey);
  el_set(editor, EL_ADDFN, "attn-paste", "takes in pasted text", pasteKey);
  struct Binding {
    const char *keys, *function;
  };
  constexpr Binding bindings[] = {
      {"\t", "attn-complete"},       {"\x1b[200~", "attn-paste"},        {"^R", "em-inc-search-prev"},
      {"^W", "ed-delete-prev-word"}, {"\x1b[3~", "ed-delete-next-char"}, {"\x1b[H", "ed-move-to-beg"},
      {"\x1b[F", "ed-move-to-end"},  {"\x1b[1~", "ed-move-to-beg"},      {"\x1b[4~", "ed-move-to-end"},
      {"\x1b[1;5C", "em-next-word"}, {"\x1b[1;5D", "ed-prev-word"},      {"\x1b[A", "ed-prev-history"},
      {"\x1b[B", "ed-next-history"}, {"\x1bOA", "ed-prev-history"},      {"\x1bOB", "ed-next-history"},
      {"\x1bOH", "ed-move-to-beg"},  {"\x1bOF", "ed-move-to-end"},
  };
  for (const Binding &binding : bindings)
    el_set(editor, EL_BIND, binding.keys, binding.function, nullptr);
  el_source(editor, nullptr);
}

void TerminalReader::setPrompt(bool isFirst) {
  const char *text = isFirst ? "attn>" : "  ...";
  // libedit leaves out what is for the terminal alone unless something to see follows.
  prompt = (options.color ? std::string("\1\x1b[1;32m\1") + text + "\1\x1b[0m\1" : text) + " ";
}

/// Rows of the input that stand above the cursor's in a window of so many columns.
size_t TerminalReader::rowsAboveCursor(size_t columns) const {
  const LineInfoW *line = el_wline(editor);
  size_t row = 0, column = promptWidth;
  for (const wchar_t *at = line->buffer; at < line->cursor; ++at) {
    size_t width = size_t(std::max(0, wcwidth(*at)));
    if (*at == L'\n' || column + width > columns) {
      ++row;
      column = 0;
    }
    column += *at == L'\n' ? 0 : width;
  }
  return row + column / columns;
}

/// Draws the input in a window of another width. Some terminals have broken the lines anew and some have cut them off;
/// of what both may have left above, nothing that isn't the input's is erased.
void TerminalReader::drawAnew() {
  size_t before = std::exchange(columns, windowColumns());
  goBack(std::min(rowsAboveCursor(before), rowsAboveCursor(columns)));
  el_resize(editor);
  el_set(editor, EL_REFRESH);
}

/// To where the input begins, so many rows above; libedit draws from there. What it drew before is erased.
void TerminalReader::goBack(size_t rows) const {
  std::string up = rows ? "\x1b[" + std::to_string(rows) + "A" : "";
  std::fprintf(stdout, "%s\r\x1b[J", up.c_str());
  std::fflush(stdout);
}

/// So that what is printed next doesn't stand in the middle of the input.
void TerminalReader::moveToEnd() {
  const LineInfoW *line = el_wline(editor);
  if (line->cursor == line->lastchar)
    return;
  goBack(rowsAboveCursor(columns));
  el_cursor(editor, int(line->lastchar - line->cursor));
  el_set(editor, EL_REFRESH);
}

/// Sleeps until there is a byte to read; false on Ctrl-C or where input has ended for good.
bool TerminalReader::waitForByte() {
  sigset_t watched, before;
  sigemptyset(&watched);
  for (int signal : {SIGINT, SIGWINCH, SIGCONT})
    sigaddset(&watched, signal);
  // Between looking at the flags and going to sleep no signal may slip through.
  sigprocmask(SIG_BLOCK, &watched, &before);
  bool ready = false;
  while (!ready) {
    if (InterruptHandler::take()) {
      isInterrupted = true;
      break;
    }
    if (std::exchange(isResized, 0))
      drawAnew();
    // The shell has had the terminal in the meantime; libedit sets no mode that it believes to be set.
    if (std::exchange(isContinued, 0)) {
      el_set(editor, EL_PREP_TERM, 0);
      el_set(editor, EL_PREP_TERM, 1);
      el_set(editor, EL_REFRESH);
    }
    pollfd descriptor{STDIN_FILENO, POLLIN, 0};
    int count = ppoll(&descriptor, 1, nullptr, &before);
    ready = count > 0;
    if (count < 0 && errno != EINTR)
      break;
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return ready;
}

/// One character: 1, or 0 at the end of input, or -1.
int TerminalReader::nextKey(wchar_t *key) {
  std::mbstate_t state{};
  for (int length = 0; length < 8; ++length) {
    char byte = 0;
    if (std::exchange(isBeginning, false) && ioctl(STDIN_FILENO, FIONREAD, &typedAhead) != 0)
      typedAhead = 0;
    if (!waitForByte()) {
      moveToEnd();
      return -1;
    }
    ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count <= 0)
      return count < 0 && errno != EIO ? -1 : 0;
    // What was typed ahead while the terminal still collected lines: there Ctrl-D is the end of a line, which comes out
    // as a NUL now.
    bool isAhead = typedAhead > 0;
    typedAhead -= isAhead;
    if (byte == 0 && isAhead)
      byte = '\4';
    size_t done = std::mbrtowc(key, &byte, 1, &state);
    if (done == size_t(-1)) {
      *key = L'?';
      return 1;
    }
    if (done != size_t(-2))
      return 1;
  }
  *key = L'?';
  return 1;
}

/// A text that is no one input, but several: one after the other, each as if it had been typed.
Input TerminalReader::handOut(std::string text) {
  SourceFile source("", text);
  Diagnostics found;
  syntax::parseFragment(source, found);
  std::vector<std::string> inputs = found.hasErrors() ? inputsIn(text) : std::vector<std::string>();
  if (inputs.size() < 2)
    return {Input::Kind::Text, std::move(text)};
  pending.assign(inputs.begin(), inputs.end());
  return read();
}

Input TerminalReader::read() {
  if (!pending.empty()) {
    std::string text = std::move(pending.front());
    pending.pop_front();
    std::fprintf(stdout, "attn> %s\n", text.c_str());
    std::fflush(stdout);
    return {Input::Kind::Text, std::move(text)};
  }
  block.clear();
  while (true) {
    setPrompt(block.empty());
    int length = 0;
    isInterrupted = false;
    isBeginning = true;
    // What happened while there was no input to draw.
    isContinued = 0;
    if (std::exchange(isResized, 0))
      el_resize(editor);
    columns = windowColumns();
    std::fputs(pasteOn, stdout);
    std::fflush(stdout);
    // A slip of the finger is not to cost the definitions; what runs can be ended that way.
    auto onQuit = std::signal(SIGQUIT, SIG_IGN);
    const char *line = el_gets(editor, &length);
    std::signal(SIGQUIT, onQuit);
    std::fputs(pasteOff, stdout);
    std::fflush(stdout);
    if (isInterrupted) {
      std::fputs("^C\n", stdout);
      return {Input::Kind::Interrupted, ""};
    }
    if (!line || length <= 0) {
      std::fputc('\n', stdout);
      return {Input::Kind::End, ""};
    }
    std::string text(line, size_t(length));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
      text.pop_back();
    bool isBlank = text.find_first_not_of(" \t\n") == std::string::npos;
    bool isFirst = block.empty();
    block += (isFirst ? "" : "\n") + text;
    size_t begin = block.find_first_not_of(" \t\n");
    bool isCommand = begin != std::string::npos && block[begin] == ':';
    // An empty line ends a block that nothing else would end.
    if (isCommand || !syntax::expectsMore(block) || (isBlank && !isFirst)) {
      remember(block);
      return handOut(std::exchange(block, {}));
    }
  }
}

void TerminalReader::remember(const std::string &text) {
  size_t end = text.find_last_not_of(" \t\n");
  if (end == std::string::npos)
    return;
  HistEvent event;
  ::history(history, &event, H_ENTER, text.substr(0, end + 1).c_str());
  if (options.historyFile.empty())
    return;
  // Another session may be reading: the file is whole at any moment.
  std::string temporary = options.historyFile + "." + std::to_string(getpid());
  if (::history(history, &event, H_SAVE, temporary.c_str()) < 0 ||
      std::rename(temporary.c_str(), options.historyFile.c_str()) != 0)
    std::remove(temporary.c_str());
}

unsigned char TerminalReader::completeWord() {
  const LineInfo *line = el_line(editor);
  std::string before = block.empty() ? "" : block + "\n";
  before.append(line->buffer, size_t(line->cursor - line->buffer));
  Completions found = options.complete ? options.complete(before) : Completions{};
  if (found.words.empty())
    return CC_REFRESH_BEEP;
  std::string common = found.words.front();
  for (const std::string &word : found.words) {
    size_t same = size_t(std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first - common.begin());
    common.resize(same);
  }
  if (common.size() > found.wordLength) {
    el_insertstr(editor, common.c_str() + found.wordLength);
    return CC_REFRESH;
  }
  if (found.words.size() == 1)
    return CC_REFRESH;
  list(found.words);
  return CC_REDISPLAY;
}

void TerminalReader::list(const std::vector<std::string> &words) const {
  constexpr size_t most = 200;
  size_t width = windowColumns();
  size_t column = 0, count = std::min(words.size(), most);
  for (size_t n = 0; n < count; ++n)
    column = std::max(column, words[n].size() + 2);
  size_t columns = std::max<size_t>(1, width / column), rows = (count + columns - 1) / columns;
  std::string text = "\n";
  for (size_t row = 0; row < rows; ++row) {
    for (size_t n = row; n < count; n += rows) {
      text += words[n];
      if (n + rows < count)
        text.append(column - words[n].size(), ' ');
    }
    text += '\n';
  }
  if (count < words.size())
    text += "and " + std::to_string(words.size() - count) + " more\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

/// Everything up to the mark that ends it goes into the line, line ends included: the text is one input.
unsigned char TerminalReader::paste() {
  const std::wstring end = L"\x1b[201~";
  std::wstring text;
  wchar_t key;
  while (!text.ends_with(end)) {
    if (el_wgetc(editor, &key) != 1)
      return CC_EOF;
    text += key == L'\r' ? L'\n' : key == L'\t' ? L' ' : key;
  }
  text.resize(text.size() - end.size());
  while (!text.empty() && text.back() == L'\n')
    text.pop_back();
  std::erase_if(text, [](wchar_t c) { return (c < 0x20 && c != L'\n') || c == 0x7F; });
  if (text.empty())
    return CC_NORM;
  el_winsertstr(editor, text.c_str());
  return CC_REFRESH;
}

} // namespace

std::unique_ptr<LineReader> repl::createTerminalReader(TerminalOptions options) {
  auto reader = std::make_unique<TerminalReader>(std::move(options));
  if (!reader->open())
    return nullptr;
  return reader;
}

std::string repl::historyPath() {
  const char *state = std::getenv("XDG_STATE_HOME"), *home = std::getenv("HOME");
  std::filesystem::path folder;
  if (state && *state == '/')
    folder = state;
  else if (home && *home)
    folder = std::filesystem::path(home) / ".local" / "state";
  else
    return "";
  std::error_code failure;
  std::filesystem::create_directories(folder / "attn", failure);
  return failure ? "" : (folder / "attn" / "history").string();
}
