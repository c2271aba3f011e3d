#include "test/unit/coordinate/MaskText.h"

namespace attn::test {

std::string MaskText::comparison() { return oneOf({" < ", " <= ", " > ", " >= ", " == ", " != "}); }

std::string MaskText::differenceAtom() {
  std::string number = std::to_string(below(50) - 10), bound = oneOf({"w", "p", "I", "J", "J - I", "-w", "w - p"});
  if (below(2))
    bound = number;
  switch (below(8)) {
  case 0:
    return "i" + comparison() + bound;
  case 1:
    return "j" + comparison() + bound;
  case 2:
    return oneOf({"i - j", "j - i", "p - (i - j)", "i - j + 3", "w + j - i - 2"}) + comparison() + bound;
  case 3:
    return oneOf({"j", "j - 1", "j + w", "j * 1"}) + comparison() + oneOf({"i", "i + p", "i + 2", "p + i - w"});
  case 4:
    return "0 <= i - j < " + bound;
  case 5:
    return "i // 8" + comparison() + "j // 8";
  case 6:
    return oneOf({"i // 8 == j // 8", "i // 8 != j // 8", "i // 8 - j // 8 <= 1", "abs(i - j) <= w", "abs(i - j) > 5"});
  default:
    return oneOf({"i // 8 == 2", "j // 8 < w // 3", "max(i, j) < 40", "min(i - j, 7) < p", "2 * i < 31", "3 * j - 3 * i == 6"});
  }
}

std::string MaskText::difference(unsigned depth) {
  if (depth == 0 || below(5) == 0)
    return differenceAtom();
  std::string left = difference(depth - 1), right = difference(depth - 1);
  switch (below(6)) {
  case 0:
  case 1:
    return "(" + left + " and " + right + ")";
  case 2:
  case 3:
    return "(" + left + " or " + right + ")";
  case 4:
    return "not (" + left + ")";
  default:
    return "(" + left + " if " + differenceAtom() + " else " + right + ")";
  }
}

std::string MaskText::integer(unsigned depth) {
  if (depth == 0 || below(6) == 0)
    return oneOf({"i", "j", "i - j", "w", "p", "s", "1", "3", "7", "16", "-5", "N", "t[i]", "t[j]", "i", "j"});
  std::string left = integer(depth - 1), right = integer(depth - 1);
  switch (below(20)) {
  case 0:
    return "(" + left + " + " + right + ")";
  case 1:
    return "(" + left + " - " + right + ")";
  case 2:
    return "(" + left + " * " + right + ")";
  case 3:
    return "(" + left + " // " + oneOf({"4", "5", "s", "t[j]", "1000", "-3"}) + ")";
  case 4:
    return "(" + left + " % " + oneOf({"4", "6", "s", "w", "t[i]", "1000"}) + ")";
  case 5:
    return "min(" + left + ", " + right + ")";
  case 6:
    return "max(" + left + ", " + right + ")";
  case 7:
    return "abs(" + left + ")";
  case 8:
    return "(" + left + " & " + right + ")";
  case 9:
    return "(" + left + " | " + right + ")";
  case 10:
    return "(" + left + " ^ " + right + ")";
  case 11:
    return "(~" + left + ")";
  case 12:
    return "(" + left + " >> " + std::to_string(below(8)) + ")";
  case 13:
    return "(" + left + " << " + std::to_string(below(20)) + ")";
  case 14:
    return "(" + left + " if " + any(depth - 1) + " else " + right + ")";
  case 15:
    return "int(" + any(depth - 1) + ")";
  case 16:
    return "t[" + left + "]";
  case 17:
    return "u[" + oneOf({"i", "j", "t[i]", "i // 2"}) + ", clamp(" + left + ", 0, N - 1)]";
  case 18:
    return "sign(" + left + ")";
  default:
    return "((" + left + ") ** 2)";
  }
}

std::string MaskText::real(unsigned depth) {
  if (depth == 0 || below(5) == 0)
    return oneOf({"f[i]", "f[j]", "1.5", "float(i)", "float(j - i)", "0.0", "float(w)"});
  std::string left = real(depth - 1), right = real(depth - 1);
  switch (below(8)) {
  case 0:
    return "(" + left + " + " + right + ")";
  case 1:
    return "(" + left + " - " + right + ")";
  case 2:
    return "(" + left + " * " + right + ")";
  case 3:
    return "(" + left + " / " + right + ")";
  case 4:
    return "min(" + left + ", " + right + ")";
  case 5:
    return "abs(" + left + ")";
  case 6:
    return oneOf({"floor(", "ceil(", "round("}) + left + ")";
  default:
    return "(" + left + " if " + any(depth - 1) + " else " + right + ")";
  }
}

std::string MaskText::any(unsigned depth) {
  if (depth == 0)
    return differenceAtom();
  switch (below(13)) {
  case 0:
  case 1:
    return "(" + any(depth - 1) + " and " + any(depth - 1) + ")";
  case 2:
  case 3:
    return "(" + any(depth - 1) + " or " + any(depth - 1) + ")";
  case 4:
    return "not (" + any(depth - 1) + ")";
  case 5:
    return "(" + any(depth - 1) + " if " + any(depth - 1) + " else " + any(depth - 1) + ")";
  case 6:
    return "m[" + integer(depth - 1) + ", " + integer(depth - 1) + "]";
  case 7:
    return "(" + real(depth - 1) + comparison() + real(depth - 1) + ")";
  case 8:
    return "((" + any(depth - 1) + ") == (" + any(depth - 1) + "))";
  case 9:
    return differenceAtom();
  case 10:
    return oneOf({"any(n: u[i // 7, n] == ", "any(n: t[n] == j + ", "any(n: u[n, j] == "}) + integer(depth - 1) + ")";
  default:
    return "(" + integer(depth - 1) + comparison() + integer(depth - 1) + ")";
  }
}

} // namespace attn::test
