#include "compiler/driver/Options.h"
#include "compiler/driver/Pages.h"

#include <fmt/format.h>

using namespace attn::driver;

namespace {

/// Text that stands for itself: to troff backslashes and dots at a line's beginning mean something, dashes and quotes
/// other characters.
std::string plain(std::string_view text) {
  std::string result;
  bool isLineStart = true;
  for (char letter : text) {
    if (isLineStart && letter == '.')
      result += "\\&";
    isLineStart = letter == '\n';
    if (letter == '\\')
      result += "\\e";
    else if (letter == '\'')
      result += "\\(aq";
    else if (letter == '`')
      result += "\\(ga";
    else if (letter == '-')
      result += "\\-";
    else
      result += letter;
  }
  return result;
}

std::string options(const std::vector<Option> &list) {
  std::string text;
  for (const Option &option : list) {
    std::string heading;
    if (option.letter)
      heading = fmt::format("\\fB\\-{}\\fR", option.letter);
    if (!option.name.empty())
      heading += fmt::format("{}\\fB\\-\\-{}\\fR", heading.empty() ? "" : ", ", plain(option.name));
    if (!option.value.empty())
      heading += fmt::format(" \\fI{}\\fR", plain(option.value));
    text += fmt::format(".TP\n{}\n{}\n", heading, plain(option.help));
  }
  return text;
}

} // namespace

std::string attn::driver::manualPage(const std::string &version) {
  const Command &compiling = compileCommand();
  std::string text = fmt::format(".TH ATTNC 1 \"\" \"attn {0}\" \"User Commands\"\n.SH NAME\n"
                                 "attnc \\- compile attention, written in a small language, to native code\n"
                                 ".SH SYNOPSIS\n.B attnc\n{1}\n[\\fIoptions\\fR]\n",
                                 version, plain(compiling.arguments));
  for (const Command &command : commands())
    text += fmt::format(".br\n.B attnc {}\n{}\n", command.name, plain(command.arguments));
  text += ".SH DESCRIPTION\nA spec, a file \\fI.attn\\fR, says what an attention computes: what the score is, who sees whom.\n"
          ".B attnc\nmakes an object file of it and a C header beside it. With a command it checks, runs, times, explains or "
          "formats specs.\n";
  text += fmt::format(".SH OPTIONS\n{}.PP\n{}\n", options(compiling.options), plain(compiling.details));
  text += ".SH COMMANDS\n";
  for (const Command &command : commands()) {
    text += fmt::format(".SS attnc {} {}\n{}.\n{}", command.name, plain(command.arguments), plain(command.summary),
                        options(command.options));
    if (!command.details.empty())
      text += fmt::format(".PP\n{}\n", plain(command.details));
  }
  return text + ".SH EXIT STATUS\n0 success, 1 the input is at fault, 2 usage, 3 a check failed, 4 internal error.\n"
                ".SH EXAMPLES\n.nf\nattnc mask.attn \\-o mask.o\n"
                "attnc run mask.attn \\-\\-random \\-\\-dims B=1,H=8,I=512,J=512,D=64 \\-\\-check\n.fi\n";
}
