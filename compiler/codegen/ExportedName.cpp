#include "compiler/codegen/ExportedName.h"

#include <algorithm>
#include <array>
#include <set>

using namespace attn;

namespace {

/// Keywords of C (to C23) and C++ (to C++23), alternative operator names, and the macros of <stdbool.h> and the like.
constexpr std::array reserved = std::to_array<std::string_view>({
    "NULL", "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
    "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if",
    "inline", "int", "linux", "long", "main", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
    "offsetof", "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "restrict",
    "return", "short", "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template",
    "this", "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "typeof", "typeof_unqual", "union",
    "unix", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
});
static_assert(std::is_sorted(reserved.begin(), reserved.end()));

/// Functions and streams of the C library, those of Unix that most programs call, and types of the headers that every kernel's header includes: a kernel of
/// that name would be called in their place, by its own code or by the program that it is linked into, or not compile.
constexpr std::array foreign = std::to_array<std::string_view>({
    "abort", "abs", "acos", "acosh", "aligned_alloc", "asctime", "asin", "asinh", "at_quick_exit", "atan", "atan2",
    "atanh", "atexit", "atof", "atoi", "atol", "atoll", "bsearch", "btowc", "cabs", "calloc", "carg", "cbrt", "ceil",
    "cexp", "cimag", "clearerr", "clock", "clog", "close", "conj", "copysign", "cos", "cosh", "cpow", "creal", "csin",
    "csqrt", "ctime", "difftime", "div", "erf", "erfc", "exit", "exp", "exp2", "expm1", "fabs", "fclose", "fdim",
    "feof", "ferror", "fflush", "fgetc", "fgetpos", "fgets", "fgetwc", "floor", "fma", "fmax", "fmin", "fmod",
    "fopen", "fork", "fprintf", "fputc", "fputs", "fputwc", "fread", "free", "freopen", "frexp", "fscanf", "fseek",
    "fsetpos", "ftell", "fwide", "fwprintf", "fwrite", "fwscanf", "getc", "getchar", "getenv", "gets", "getwc",
    "getwchar", "gmtime", "hypot", "ilogb", "imaxabs", "imaxdiv", "int16_t", "int32_t", "int64_t", "int8_t",
    "isalnum", "isalpha", "isblank", "iscntrl", "isdigit", "isgraph", "islower", "isprint", "ispunct", "isspace",
    "isupper", "iswalnum", "iswalpha", "isxdigit", "kill", "labs", "ldexp", "ldiv", "lgamma", "link", "llabs",
    "lldiv", "llrint", "llround", "localeconv", "localtime", "log", "log10", "log1p", "log2", "logb", "longjmp",
    "lrint", "lround", "malloc", "max_align_t", "mblen", "mbrlen", "mbrtowc", "mbstowcs", "mbtowc", "memchr",
    "memcmp", "memcpy", "memmove", "memset", "mktime", "modf", "nan", "nearbyint", "nextafter", "nexttoward", "open",
    "perror", "pipe", "posix_memalign", "pow", "printf", "ptrdiff_t", "putc", "putchar", "puts", "putwc", "putwchar",
    "qsort", "quick_exit", "raise", "rand", "read", "realloc", "remainder", "remove", "remquo", "rename", "rewind",
    "rint", "round", "scalbln", "scalbn", "scanf", "setbuf", "setjmp", "setlocale", "setvbuf", "signal", "sin",
    "sinh", "size_t", "snprintf", "sprintf", "sqrt", "srand", "sscanf", "stat", "stderr", "stdin", "stdout", "strcat",
    "strchr", "strcmp", "strcoll", "strcpy", "strcspn", "strdup", "strerror", "strftime", "strlen", "strncat",
    "strncmp", "strncpy", "strnlen", "strpbrk", "strrchr", "strspn", "strstr", "strtod", "strtof", "strtoimax",
    "strtok", "strtol", "strtold", "strtoll", "strtoul", "strtoull", "strtoumax", "strxfrm", "swprintf", "swscanf",
    "system", "tan", "tanh", "tgamma", "time", "timespec_get", "tmpfile", "tmpnam", "tolower", "toupper", "towlower",
    "towupper", "trunc", "uint16_t", "uint32_t", "uint64_t", "uint8_t", "ungetc", "ungetwc", "unlink", "vfprintf",
    "vfscanf", "vprintf", "vscanf", "vsnprintf", "vsprintf", "vsscanf", "wait", "wcscat", "wcschr", "wcscmp",
    "wcscpy", "wcslen", "wcsncmp", "wcsncpy", "wcstod", "wcstol", "wcstombs", "wctomb", "wmemchr", "wmemcmp",
    "wmemcpy", "wmemmove", "wmemset", "wprintf", "write", "wscanf",
});
static_assert(std::is_sorted(foreign.begin(), foreign.end()));

bool isReserved(std::string_view name) { return std::binary_search(reserved.begin(), reserved.end(), name); }

} // namespace

std::string codegen::exportedName(std::string_view name) {
  bool isTaken = isReserved(name) || std::binary_search(foreign.begin(), foreign.end(), name) || name.starts_with("attn_");
  return std::string(name) + (isTaken ? "_" : "");
}

std::vector<std::string> codegen::memberNames(const sema::Attention &attention) {
  std::vector<std::string> names;
  for (const sema::Tensor &tensor : attention.tensors)
    names.push_back(tensor.name);
  for (const sema::Output &output : attention.outputs)
    names.push_back(output.name);
  for (const sema::Scalar &scalar : attention.scalars)
    names.push_back(scalar.name);
  std::set<std::string> taken(names.begin(), names.end());
  for (std::string &name : names) {
    if (!isReserved(name))
      continue;
    std::string exported = name + "_";
    while (!taken.insert(exported).second)
      exported += '_';
    name = exported;
  }
  return names;
}

std::string codegen::dimensionText(const sema::Attention &attention, const sema::Dimension &dimension) {
  // An output without a type has its name where a dimension's text would be.
  if (const sema::Node &size = attention.nodes[dimension.value]; size.kind == sema::NodeKind::Extent)
    return attention.extents[size.index].name;
  if (dimension.range && dimension.range.text().find_first_of("\n#") == std::string_view::npos)
    return std::string(dimension.range.text());
  return sema::format(attention, dimension.value);
}

std::string codegen::tensorType(const sema::Attention &attention, sema::ElementType element,
                                const std::vector<sema::Dimension> &dimensions) {
  std::string text(spelling(element));
  text += '[';
  for (size_t n = 0; n < dimensions.size(); ++n)
    text += (n ? ", " : "") + dimensionText(attention, dimensions[n]);
  return text + ']';
}
