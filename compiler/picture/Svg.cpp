#include "compiler/picture/Svg.h"

#include <fmt/format.h>

#include <map>
#include <set>

using namespace attn::picture;

namespace {

std::string_view roleName(Role role) {
  static constexpr std::string_view names[] = {"background", "paper", "ink", "muted", "faint", "cell"};
  return names[size_t(role)];
}

std::string className(const Paint &paint) {
  if (paint.role != Role::Cell)
    return std::string(roleName(paint.role));
  if (paint.level == 0)
    return "paper";
  static constexpr char letters[] = {'m', 't', 'v', 'v'};
  return fmt::format("{}{}", letters[size_t(paint.quantity)], paint.level);
}

/// Coordinates without what a picture can't show.
std::string number(double value) {
  std::string text = fmt::format("{:.3f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text == "-0" ? "0" : text;
}

/// Cells of one level as a path, each run of equal cells of a row one rectangle, and equal runs of rows below one another one too. In units of
/// coordinates: the element's transformation puts them in their place.
class PlotPaths {
public:
  explicit PlotPaths(const Panel &panel) : panel(panel), raster(panel.raster) {}

  std::map<int, std::string> paths() {
    std::vector<Run> open;
    for (size_t row = 0; row < raster.rows(); ++row) {
      std::vector<Run> runs = runsOf(row), next;
      size_t old = 0;
      for (Run &run : runs) {
        while (old < open.size() && open[old].begin < run.begin)
          close(open[old++], row);
        if (old < open.size() && open[old].begin == run.begin && open[old].end == run.end && open[old].level == run.level)
          run.top = open[old++].top;
        next.push_back(run);
      }
      while (old < open.size())
        close(open[old++], row);
      open = std::move(next);
    }
    for (const Run &run : open)
      close(run, raster.rows());
    return std::move(list);
  }

private:
  struct Run {
    size_t begin, end, top;
    int level;
  };

  std::vector<Run> runsOf(size_t row) const {
    std::vector<Run> runs;
    for (size_t column = 0; column < raster.columns(); ++column) {
      int level = levelOf(panel, raster.at(row, column));
      if (!runs.empty() && runs.back().level == level && runs.back().end == column)
        runs.back().end = column + 1;
      else if (level)
        runs.push_back({column, column + 1, row, level});
    }
    return runs;
  }

  void close(const Run &run, size_t bottom) {
    int64_t x = raster.keyEdges[run.begin], y = raster.queryEdges[run.top];
    int64_t width = raster.keyEdges[run.end] - x, height = raster.queryEdges[bottom] - y;
    list[run.level] += fmt::format("M{} {}h{}v{}h-{}z", x, y, width, height, width);
  }

  const Panel &panel;
  const Raster &raster;
  std::map<int, std::string> list;
};

std::string plotText(const Plot &plot) {
  const Raster &raster = plot.panel->raster;
  const Rectangle &area = plot.area;
  std::string text = fmt::format("<rect class=\"paper\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", number(area.x),
                                 number(area.y), number(area.width), number(area.height));
  text += fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" "
                      "shape-rendering=\"crispEdges\">\n",
                      number(area.x), number(area.y), number(area.width), number(area.height), raster.keys(),
                      raster.queries());
  for (const auto &[level, path] : PlotPaths(*plot.panel).paths())
    text += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", className({Role::Cell, plot.panel->quantity, level}), path);
  return text + "</svg>\n";
}

std::string bodyText(const Drawing &drawing) {
  std::string text = fmt::format("<title>{}</title>\n", escaped(drawing.title));
  for (const Plot &plot : drawing.plots)
    text += plotText(plot);
  text += "<g shape-rendering=\"crispEdges\">\n";
  for (const Fill &fill : drawing.fills)
    text += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", className(fill.paint),
                        number(fill.area.x), number(fill.area.y), number(fill.area.width), number(fill.area.height));
  text += "</g>\n";
  static constexpr std::string_view anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  for (const Label &label : drawing.labels)
    text += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" font-size=\"{}\"{}{}>{}</text>\n", roleName(label.role),
                        number(label.x), number(label.y), number(label.size), anchors[size_t(label.anchor)],
                        label.bold ? " font-weight=\"600\"" : "", escaped(label.text));
  return text;
}

/// Every class that the drawings use, with its paint.
std::map<std::string, Paint> paintsOf(const std::vector<const Drawing *> &drawings) {
  std::map<std::string, Paint> paints;
  for (Role role : {Role::Background, Role::Paper, Role::Ink, Role::Muted, Role::Faint})
    paints[className({role})] = {role};
  for (const Drawing *drawing : drawings) {
    for (const Fill &fill : drawing->fills)
      paints.insert({className(fill.paint), fill.paint});
    for (const Plot &plot : drawing->plots)
      for (const Cell &cell : plot.panel->raster.cells) {
        Paint paint{Role::Cell, plot.panel->quantity, levelOf(*plot.panel, cell)};
        paints.insert({className(paint), paint});
      }
  }
  return paints;
}

std::string rules(const std::map<std::string, Paint> &paints, const Theme &theme) {
  std::string text;
  for (const auto &[name, paint] : paints)
    text += fmt::format(".{}{{fill:{}}}\n", name,
                        hexText(paint.role == Role::Cell && paint.level == 0 ? theme.paper : paint.in(theme)));
  return text;
}

constexpr std::string_view fonts = "font-family=\"system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif\"";

} // namespace

std::string attn::picture::escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (uint8_t(c) >= 0x20 || c == '\n' || c == '\t')
      result += c;
  }
  return result;
}

std::string attn::picture::svgStyle(const std::vector<const Drawing *> &drawings, Appearance appearance) {
  std::map<std::string, Paint> paints = paintsOf(drawings);
  std::string text = rules(paints, appearance == Appearance::Dark ? darkTheme() : lightTheme());
  if (appearance == Appearance::Auto)
    text += "@media (prefers-color-scheme: dark) {\n" + rules(paints, darkTheme()) + "}\n";
  return text;
}

std::string attn::picture::svgText(const Drawing &drawing, Appearance appearance) {
  return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" {2}>\n"
                     "<style>\n{3}</style>\n<rect class=\"background\" width=\"{0}\" height=\"{1}\"/>\n{4}</svg>\n",
                     number(drawing.width), number(drawing.height), fonts, svgStyle({&drawing}, appearance),
                     bodyText(drawing));
}

std::string attn::picture::svgElement(const Drawing &drawing, std::string_view attributes) {
  return fmt::format("<svg {0} viewBox=\"0 0 {1} {2}\" role=\"img\" {3}>\n{4}</svg>\n", attributes, number(drawing.width),
                     number(drawing.height), fonts, bodyText(drawing));
}
