#include "compiler/picture/Page.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn::picture;

namespace {

/// Colours and sizes of what isn't a picture.
constexpr std::string_view layout = R"(*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--ink);
  font:16px/1.55 system-ui,'Segoe UI',Roboto,'Helvetica Neue','DejaVu Sans',Arial,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:28px;line-height:1.25;margin:0 0 20px;overflow-wrap:anywhere}
h2{font-size:22px;margin:48px 0 8px;padding-top:24px;border-top:1px solid var(--line)}
h3{font-size:14px;margin:28px 0 8px;color:var(--muted);font-weight:600}
pre{margin:0;padding:16px 20px;background:var(--paper);border-radius:8px;overflow-x:auto;tab-size:2;
  font:14px/1.6 ui-monospace,SFMono-Regular,'Cascadia Code','DejaVu Sans Mono',Consolas,monospace}
pre.plan{font-size:13px;line-height:1.5}
.picture{width:100%;height:auto;display:block}
.formulas{padding:4px 20px;background:var(--paper);border-radius:8px;overflow-x:auto}
math{font-size:1.1em;text-align:left;margin:14px 0}
math[display=block]{display:block math;width:max-content;margin-left:0;math-style:normal}
.keyword{color:var(--keyword);font-weight:600}
.comment{color:var(--muted);font-style:italic}
.number{color:var(--number)}
.string{color:var(--string)}
.type{color:var(--type)}
footer{margin-top:56px;color:var(--muted);font-size:13px}
@media print{pre,.formulas{border:1px solid var(--line)}}
)";

constexpr std::string_view lightColors = "color-scheme:light;--background:#ffffff;--paper:#f3f5f8;--ink:#1f2937;--muted:#556070;"
                                         "--line:#d5dae2;--keyword:#005f9e;--number:#9a4a00;--string:#2f6b1f;--type:#7a2e86";
constexpr std::string_view darkColors = "color-scheme:dark;--background:#13171f;--paper:#1c222d;--ink:#e2e8f0;--muted:#a3adbd;"
                                        "--line:#333b49;--keyword:#6cbcf0;--number:#f0b060;--string:#9ad08a;--type:#d8a3e2";

std::string styleOf(const std::vector<const Drawing *> &drawings, Appearance appearance) {
  std::string text = fmt::format(":root{{{}}}\n", appearance == Appearance::Dark ? darkColors : lightColors);
  if (appearance == Appearance::Auto)
    text += fmt::format("@media (prefers-color-scheme: dark) {{\n:root{{{}}}\n}}\n", darkColors);
  return text + std::string(layout) + svgStyle(drawings, appearance);
}

std::string highlighted(const Page &page) {
  std::string text;
  size_t at = 0;
  for (const Highlight &part : page.highlights) {
    if (part.begin < at || part.end < part.begin || part.end > page.source.size())
      continue;
    text += escaped(std::string_view(page.source).substr(at, part.begin - at));
    text += fmt::format("<span class=\"{}\">{}</span>", part.kind,
                        escaped(std::string_view(page.source).substr(part.begin, part.end - part.begin)));
    at = part.end;
  }
  return text + escaped(std::string_view(page.source).substr(at));
}

std::string sectionText(const PageSection &section, const Drawing &drawing) {
  std::string text = fmt::format("<section>\n<h2>{}</h2>\n<h3>Inputs and outputs</h3>\n<pre>", escaped(section.name));
  for (const std::string &line : section.signature)
    text += escaped(line) + "\n";
  text += "</pre>\n<h3>Formulas</h3>\n<div class=\"formulas\">\n";
  for (const std::string &formula : section.formulas)
    text += formula + "\n";
  text += "</div>\n<h3>Pictures</h3>\n";
  if (!section.figure.panels.empty())
    text += svgElement(drawing, "class=\"picture\"");
  return text + fmt::format("<h3>What the compiler decided</h3>\n<pre class=\"plan\">{}</pre>\n</section>\n",
                            escaped(section.explanation));
}

} // namespace

std::string attn::picture::pageText(const Page &page, Appearance appearance) {
  constexpr double width = 1072;
  std::vector<Drawing> drawings;
  for (const PageSection &section : page.sections)
    drawings.push_back(arrange(section.figure, width));
  std::vector<const Drawing *> all;
  for (const Drawing &drawing : drawings)
    all.push_back(&drawing);
  std::string text = fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                                 "<title>{0}</title>\n<style>\n{1}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n<pre>{2}</pre>\n",
                                 escaped(page.title), styleOf(all, appearance), highlighted(page));
  for (size_t n = 0; n < page.sections.size(); ++n)
    text += sectionText(page.sections[n], drawings[n]);
  return text + "<footer>Made by attnc.</footer>\n</main>\n</body>\n</html>\n";
}
