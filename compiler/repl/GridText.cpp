#include "compiler/repl/GridText.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace attn;
using namespace attn::repl;
using session::Grid;

namespace {

constexpr size_t mostRows = 12, mostPanels = 4;

bool isReal(const Grid &grid) {
  return grid.type == sema::ScalarType::Float32 || grid.type == sema::ScalarType::Float64;
}

std::string cell(const Grid &grid, size_t n, bool alone) {
  if (grid.type == sema::ScalarType::Bool)
    return alone ? (grid.integers[n] ? "true" : "false") : (grid.integers[n] ? "1" : ".");
  if (!isReal(grid))
    return fmt::format("{}", grid.integers[n]);
  double value = grid.reals[n];
  return std::isnan(value) ? "nan" : alone ? fmt::format("{:.9g}", value) : fmt::format("{:.4g}", value);
}

/// Which of `count` things are shown where there is room for `room`: all, or the first and the last; -1 stands for what
/// is left out.
std::vector<int64_t> shown(int64_t count, size_t room) {
  std::vector<int64_t> list;
  room = std::max<size_t>(room, 3);
  bool all = count <= int64_t(room);
  int64_t last = all ? 0 : int64_t(room - 1) / 2, first = all ? count : int64_t(room - 1) - last;
  for (int64_t n = 0; n < first; ++n)
    list.push_back(n);
  if (!all)
    list.push_back(-1);
  for (int64_t n = count - last; n < count && !all; ++n)
    list.push_back(n);
  return list;
}

size_t digits(int64_t value) { return fmt::formatted_size("{}", value); }

std::string padded(const std::string &text, size_t width) {
  size_t length = text == "…" ? 1 : text.size();
  return (width > length ? std::string(width - length, ' ') : "") + text;
}

/// One plane: rows of the last coordinate but one, columns of the last.
std::string plane(const Grid &grid, size_t begin, size_t width) {
  size_t rank = grid.shape.size();
  int64_t rows = rank > 1 ? grid.shape[rank - 2] : 1, columns = grid.shape[rank - 1];
  std::vector<int64_t> downs = shown(rows, mostRows);
  std::string down = rank > 1 ? grid.coordinates[rank - 2] : "", across = grid.coordinates[rank - 1];
  size_t label = std::max(down.size() + (rank > 1 ? 1 + digits(rows - 1) : 0), across.size());
  // How many columns fit depends on how wide they are, which depends on those that are shown.
  std::vector<int64_t> acrosses;
  size_t cellWidth = 1;
  for (size_t room = size_t(std::min<int64_t>(columns, 64));; --room) {
    acrosses = shown(columns, room);
    cellWidth = 1;
    for (int64_t column : acrosses) {
      cellWidth = std::max(cellWidth, column < 0 ? 1 : digits(column));
      for (int64_t row : downs)
        if (row >= 0 && column >= 0)
          cellWidth = std::max(cellWidth, cell(grid, begin + size_t(row * columns + column), false).size());
    }
    if (2 + label + acrosses.size() * (cellWidth + 1) <= width || room <= 3)
      break;
  }
  std::string text = "  " + padded(across, label);
  for (int64_t column : acrosses)
    text += " " + padded(column < 0 ? "…" : fmt::format("{}", column), cellWidth);
  text += "\n";
  for (int64_t row : downs) {
    std::string name = row < 0 ? "…" : rank > 1 ? fmt::format("{} {}", down, row) : "";
    text += "  " + padded(name, label);
    for (int64_t column : acrosses)
      text += " " + padded(row < 0 || column < 0 ? "…" : cell(grid, begin + size_t(row * columns + column), false),
                           cellWidth);
    text += "\n";
  }
  return text;
}

} // namespace

std::string repl::gridText(const Grid &grid, size_t width) {
  size_t rank = grid.shape.size();
  if (rank == 0)
    return fmt::format("  {}\n", cell(grid, 0, true));
  if (std::find(grid.shape.begin(), grid.shape.end(), 0) != grid.shape.end())
    return "  nothing: an extent is 0\n";
  size_t planeSize = size_t(grid.shape[rank - 1] * (rank > 1 ? grid.shape[rank - 2] : 1));
  size_t planes = 1;
  for (size_t n = 0; n + 2 < rank; ++n)
    planes *= size_t(grid.shape[n]);
  std::string text;
  for (size_t n = 0; n < std::min(planes, mostPanels); ++n) {
    std::string title;
    size_t rest = n;
    for (size_t d = rank > 2 ? rank - 2 : 0; d-- > 0;) {
      title = fmt::format("{} = {}{}{}", grid.coordinates[d], rest % size_t(grid.shape[d]), title.empty() ? "" : ", ",
                          title);
      rest /= size_t(grid.shape[d]);
    }
    if (!title.empty())
      text += fmt::format("  {}\n", title);
    text += plane(grid, n * planeSize, width);
  }
  if (planes > mostPanels)
    text += fmt::format("  … and {} more; `[{} = …]` chooses\n", planes - mostPanels, grid.coordinates[rank - 3]);
  return text;
}

std::string repl::headline(sema::ScalarType type, const std::vector<std::string> &coordinates,
                           const std::vector<int64_t> &shape) {
  std::string text = type == sema::ScalarType::Bool ? "bool" : type == sema::ScalarType::Int ? "int" : "float";
  for (size_t n = 0; n < coordinates.size(); ++n)
    text += (n ? ", " : " over ") + coordinates[n];
  for (size_t n = 0; n < shape.size(); ++n)
    text += fmt::format("{}{}", n ? " × " : ": ", shape[n]);
  return text;
}

std::optional<Grid> repl::gridOf(const Tensor &tensor, std::vector<std::string> names) {
  if (tensor.elementCount() > session::largestGrid)
    return std::nullopt;
  Result<Tensor> compact = tensor.compacted();
  if (!compact)
    return std::nullopt;
  Grid grid;
  grid.coordinates = std::move(names);
  grid.shape = tensor.shape();
  ElementType element = tensor.element();
  grid.type = element == ElementType::Bool ? sema::ScalarType::Bool
              : isFloat(element)           ? sema::ScalarType::Float32
                                           : sema::ScalarType::Int;
  for (int64_t n = 0; n < compact->elementCount(); ++n)
    if (isReal(grid))
      grid.reals.push_back(compact->real(n));
    else
      grid.integers.push_back(compact->integer(n));
  return grid;
}
