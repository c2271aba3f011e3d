#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Stopwatch.h"
#include "runtime/file/WholeFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

using namespace attn;
using namespace attn::driver;
using namespace attn::library;

namespace {

/// `gemma` of `dir/gemma.attn`.
std::string stemOf(const std::string &path) {
  size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

/// The header beside an object: `dir/kernel.o` to `dir/kernel.h`.
std::string headerPath(const std::string &object) {
  size_t slash = object.rfind('/'), dot = object.rfind('.');
  bool hasEnding = dot != std::string::npos && dot > 0 && (slash == std::string::npos || dot > slash + 1);
  return (hasEnding ? object.substr(0, dot) : object) + ".h";
}

bool writeFile(const std::string &path, std::string_view bytes) {
  Status written = writeWhole(path, bytes);
  if (!written)
    printError(written.message());
  return bool(written);
}

/// A path in a rule of make, as make and ninja read it.
std::string inRule(const std::string &path) {
  std::string text;
  for (char letter : path) {
    if (letter == ' ' || letter == '#')
      text += '\\';
    if (letter == '$')
      text += '$';
    text += letter;
  }
  return text;
}

bool writeDepfile(const std::string &path, const std::string &output, const Spec &spec) {
  std::string rule = inRule(output) + ":";
  for (const std::string &file : spec.files())
    rule += " \\\n  " + inRule(file);
  return writeFile(path, rule + "\n");
}

int writeObject(const Spec &spec, const CompileRequest &request, const std::string &path, CompileReport &report) {
  std::string header = headerPath(path);
  std::optional<ObjectAndHeader> made = emitObject(spec, request, stemOf(path), report);
  if (!made)
    return compileError(report);
  printDiagnostics(report.diagnostics);
  Stopwatch watch(&report.times, "write");
  // Both or neither: what an object without its header is good for, nobody knows.
  Result<WholeFile> object = WholeFile::create(path);
  Result<WholeFile> text = object ? WholeFile::create(header) : Result<WholeFile>(Failure{""});
  const Failure *problem = !object ? &object.failure() : !text ? &text.failure() : nullptr;
  Status done = std::monostate();
  if (!problem) {
    for (auto step : {+[](WholeFile &o, WholeFile &, ObjectAndHeader &m) { return o.write(m.object); },
                      +[](WholeFile &, WholeFile &h, ObjectAndHeader &m) { return h.write(m.header); },
                      +[](WholeFile &o, WholeFile &, ObjectAndHeader &) { return o.commit(); },
                      +[](WholeFile &, WholeFile &h, ObjectAndHeader &) { return h.commit(); }})
      if (done)
        done = step(*object, *text, *made);
    if (!done)
      problem = &done.failure();
  }
  if (problem)
    printError(problem->message);
  return problem ? exitInput : exitSuccess;
}

} // namespace

int driver::compileMain(const Arguments &arguments) {
  int status = exitSuccess;
  std::optional<std::map<std::string, int64_t>> extents = parseExtents(arguments, OptionId::Set, status);
  if (!extents)
    return status;
  CompileRequest request;
  request.kernels = arguments.values(OptionId::Only);
  request.extents = *std::move(extents);
  request.cpu = arguments.value(OptionId::Cpu).value_or("");
  request.triple = arguments.value(OptionId::Target).value_or("");
  request.optimiseHarder = arguments.has(OptionId::Optimise);
  std::string kind = arguments.value(OptionId::Emit).value_or("obj");
  std::vector<std::string> kinds = emitKinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    std::string close = closestName(kind, kinds), list;
    for (const std::string &known : kinds)
      list += (list.empty() ? "" : ", ") + known;
    return usageError(close.empty() ? fmt::format("`--emit={}`: it takes {}", kind, list)
                                    : fmt::format("`--emit={}`: did you mean `{}`?", kind, close));
  }
  std::string output = arguments.value(OptionId::Output).value_or("");
  if (output.empty() && isBinary(kind))
    return usageError(fmt::format("where to? `attnc {} -o {}.{}`", arguments.files.front(),
                                  stemOf(arguments.files.front()), kind == "so" ? "so" : "o"));
  if (output == "-" && isBinary(kind) && isatty(STDOUT_FILENO))
    return usageError("machine code is not written to a terminal; give a file: `-o kernel.o`");

  std::optional<std::string> depfile = arguments.value(OptionId::Depfile);
  if (depfile && (output.empty() || output == "-"))
    return usageError("`--depfile` names what an output file was made from; give it one: `-o kernel.o`");

  // No file is written twice.
  std::vector<std::string> written;
  if (!output.empty() && output != "-")
    written.push_back(output);
  if (kind == "obj" && !written.empty()) {
    written.push_back(headerPath(output));
    if (written.back() == output)
      return usageError(fmt::format("`-o {}`: the header would have the same name; write `-o {}.o`", output, stemOf(output)));
  }
  if (depfile && std::find(written.begin(), written.end(), *depfile) != written.end())
    return usageError(fmt::format("`--depfile {}`: that is what is compiled into; write `--depfile {}.d`", *depfile, stemOf(*depfile)));
  if (depfile)
    written.push_back(*depfile);

  CompileReport report;
  std::shared_ptr<const Spec> spec = openSpec(arguments.files.front(), status, &report.times);
  if (!spec)
    return status;
  for (const std::string &path : written)
    if (!mayWrite(path, *spec, status))
      return status;
  if (kind == "obj" && output != "-") {
    status = writeObject(*spec, request, output, report);
  } else {
    std::string stem = output.empty() || output == "-" ? stemOf(arguments.files.front()) : stemOf(output);
    std::optional<std::string> made = emit(*spec, request, kind, stem, report);
    if (!made)
      return compileError(report);
    printDiagnostics(report.diagnostics);
    bool written = output.empty() || output == "-" ? writeOut(*made) : writeFile(output, *made);
    status = written ? exitSuccess : exitInput;
  }
  if (status == exitSuccess && depfile && !writeDepfile(*depfile, output, *spec))
    status = exitInput;
  if (status == exitSuccess && arguments.has(OptionId::Time))
    printTimes(report.times);
  return status;
}
