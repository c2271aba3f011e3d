#include "compiler/driver/DiagnosticsPage.h"

using namespace attn;

std::string driver::diagnosticsPageEntry(std::string_view kind) {
  std::string_view page = diagnosticsPage();
  std::string entry;
  bool inside = false, inCode = false;
  while (!page.empty()) {
    size_t end = page.find('\n');
    std::string_view line = page.substr(0, end);
    page = end == std::string_view::npos ? std::string_view() : page.substr(end + 1);
    if (line.substr(0, 3) == "```") {
      inCode = !inCode;
      if (inside && inCode)
        entry += line.substr(0, 13) == "```attn-error" ? "This causes it:\n\n"
                 : line.substr(0, 7) == "```attn"      ? "This does not:\n\n"
                                                       : "";
      continue;
    }
    if (!inCode && line.substr(0, 1) == "#") {
      std::string_view title = line.substr(line.find_first_not_of('#'));
      while (!title.empty() && (title.front() == ' ' || title.front() == '`'))
        title.remove_prefix(1);
      while (!title.empty() && (title.back() == ' ' || title.back() == '`'))
        title.remove_suffix(1);
      inside = title == kind;
      if (inside) {
        entry += std::string(title) + "\n";
        continue;
      }
    }
    if (inside)
      entry += (inCode && !line.empty() ? "    " : "") + std::string(line) + "\n";
  }
  while (entry.size() > 1 && entry[entry.size() - 2] == '\n')
    entry.pop_back();
  return entry;
}
