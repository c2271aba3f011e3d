#pragma once

#include "compiler/console/Console.h"
#include "compiler/driver/Options.h"
#include "compiler/library/Inputs.h"
#include "compiler/library/TunedSchedules.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// One function per command: arguments that parsed, in; exit status, out.
namespace attn::driver {

using namespace console;

int compileMain(const Arguments &arguments);
int checkMain(const Arguments &arguments);
int runMain(const Arguments &arguments);
int benchMain(const Arguments &arguments);
int tuneMain(const Arguments &arguments);
int explainMain(const Arguments &arguments);
int replMain(const Arguments &arguments);
int fmtMain(const Arguments &arguments);
int showMain(const Arguments &arguments);
/// `attnc --explain KIND`
int explainKind(const std::string &kind);

/// What several commands read from their options. On a mistake `status` is not exitSuccess and the message has been printed.

/// Opens a spec and prints its diagnostics. Null where it can't be read or has errors.
std::shared_ptr<const library::Spec> openSpec(const std::string &path, int &status,
                                              library::StageTimes *times = nullptr);
/// Whether a file may be written: not over the spec or what it imports. Else a mistake in usage, as printed.
bool mayWrite(const std::string &path, const library::Spec &spec, int &status);
/// The attention `--only` names, or the only one.
const sema::Attention *chooseAttention(const library::Spec &spec, const Arguments &arguments, int &status);
/// `NAME=value,NAME=value` of all uses of --dims or --set.
std::optional<std::map<std::string, int64_t>> parseExtents(const Arguments &arguments, OptionId option, int &status);
/// `NAME=value` of all uses of -i, -p or -o.
std::optional<std::vector<std::pair<std::string, std::string>>> parseNamed(const Arguments &arguments, OptionId option,
                                                                           int &status);
/// A whole number of an option, between two bounds.
std::optional<uint64_t> parseNumber(const Arguments &arguments, OptionId option, std::string_view name, uint64_t low,
                                    uint64_t high, uint64_t otherwise, int &status);
/// Where compiled kernels are kept for later; nowhere with --no-cache.
std::optional<library::KernelCache> cacheOf(const Arguments &arguments);
/// Gives a request the schedule that was tuned for a run, if there is one; not with --no-tuned or --no-cache.
std::optional<library::TunedSchedule> takeTuned(const Arguments &arguments, const library::Spec &spec, const sema::Attention &attention,
                                                const reference::Binding &binding, library::CompileRequest &request);
/// What a person is told of it.
std::string tunedText(const sema::Attention &attention);
/// -i, -p, --dims, --seed.
std::optional<library::InputRequest> parseInputs(const Arguments &arguments, int &status);

/// What is timed, and how: what `bench` and `tune` have in common. Inputs that aren't given are random.
struct MeasureOptions {
  library::InputRequest inputs;
  library::CompileRequest compile;
  unsigned threads = 1;
  uint64_t repeat = 0; ///< 0: as often as the command thinks right
};
std::optional<MeasureOptions> parseMeasure(const Arguments &arguments, int &status);

} // namespace attn::driver
