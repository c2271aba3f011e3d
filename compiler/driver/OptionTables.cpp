#include "compiler/driver/Options.h"

using namespace attn::driver;

namespace {

constexpr Option helpOption{OptionId::Help, 'h', "help", "", "show this"};
constexpr Option setOption{OptionId::Set, 0, "set", "D=128,H=32", "fix extents, so that the code is made for these alone"};
constexpr Option onlyOption{OptionId::Only, 0, "only", "NAME", "this attention of the file"};
constexpr Option optimiseOption{OptionId::Optimise, 'O', "", "", "optimise harder: compiles slower"};
constexpr Option inputOption{OptionId::Input, 'i', "input", "q=SOURCE",
                             "an input: a file (q.npy, model.safetensors:NAME) or an expression ('[0,512,1000]', 'arange(n)', "
                             "'randint(lo,hi,…)', 'randn(…)')"};
constexpr Option scalarOption{OptionId::Scalar, 'p', "param", "w=128", "a scalar input"};
constexpr Option seedOption{OptionId::Seed, 0, "seed", "N", "of random inputs (0 where not given)"};
constexpr Option dimsOption{OptionId::Dims, 0, "dims", "B=1,H=8,…", "extents of inputs that are not given"};
constexpr Option threadsOption{OptionId::Threads, 0, "threads", "N", "how many threads compute (all there are where not given)"};
constexpr Option noCacheOption{OptionId::NoCache, 0, "no-cache", "",
                               "compile even what an earlier run left in ATTN_CACHE_DIR (~/.cache/attn where not set)"};
constexpr Option noTunedOption{OptionId::NoTuned, 0, "no-tuned", "", "take the compiler's choice of a schedule, not what `attnc tune` remembered"};
constexpr Option cpuOption{OptionId::Cpu, 0, "cpu", "NAME",
                           "the CPU to compile for: native (where not given), x86-64-v3, x86-64-v4, …"};
constexpr Option cpusOption{OptionId::Cpu, 0, "cpu", "NAME,…",
                            "the CPU to compile for: native (where not given), x86-64-v3, …; of several, the best that runs is "
                            "chosen at the first call"};

std::vector<Command> allCommands() {
  return {
      {"check",
       "SPEC",
       "every diagnostic of a spec, nothing else",
       "",
       {helpOption},
       1,
       1},
      {"run",
       "SPEC [options]",
       "compile a spec in memory and run it on tensors",
       "Inputs are .npy or .safetensors files or expressions; --random makes those that are not given. --check compares with the\n"
       "float64 oracle: whole outputs, or a sample of rows where a run is large.",
       {inputOption, scalarOption,
        {OptionId::Output, 'o', "output", "o=FILE.npy", "where an output is written (or an input, as it was)"},
        {OptionId::Random, 0, "random", "", "make any input not given: normal floats, integers that fit their use"},
        seedOption, dimsOption, setOption, onlyOption, threadsOption, cpuOption,
        {OptionId::Check, 0, "check", "", "compare with the oracle; beyond the bound exit with status 3"},
        {OptionId::Computed, 0, "computed", "o=FILE.npy",
         "--check what another program computed from the same inputs; every output is to be given"},
        {OptionId::Tolerance, 0, "tolerance", "X", "the bound for --check, relative to a row's largest value"},
        {OptionId::Reference, 0, "reference", "", "run only the oracle"},
        {OptionId::Raw, 0, "raw", "", "write 16-bit outputs as they are, not as float32"},
        {OptionId::Time, 0, "time", "", "say how long each stage took"},
        optimiseOption, noCacheOption, noTunedOption, helpOption},
       1,
       1},
      {"bench",
       "SPEC [options]",
       "time a spec beside the FMA peak of this machine",
       "Inputs that are not given are random. Speed counts visible pairs only; outputs are checked against the oracle\nwhere --no-check isn't given.",
       {dimsOption, inputOption, scalarOption, seedOption, setOption, onlyOption, cpuOption,
        {OptionId::Threads, 0, "threads", "N", "how many threads compute (1 where not given; 0: all there are)"},
        {OptionId::Repeat, 0, "repeat", "N", "how many timed runs (enough for about a second where not given)"},
        {OptionId::Json, 0, "json", "", "one JSON object per kernel and line"},
        {OptionId::NoCheck, 0, "no-check", "", "don't compare the outputs with the oracle"},
        optimiseOption, noCacheOption, noTunedOption, helpOption},
       1,
       1},
      {"tune",
       "SPEC [options]",
       "measure schedules on this machine, and remember the best",
       "Inputs that are not given are random. What each schedule computes is compared with the oracle, then they are timed in turn. The best\n"
       "is remembered beside compiled kernels, for this spec, this CPU and extents near these, if it is at least 2 % faster than the\n"
       "compiler's choice; else nothing is. `run`, `bench` and `explain` take it from there: results may then differ in their last bits.",
       {dimsOption, inputOption, scalarOption, seedOption, setOption, onlyOption, cpuOption,
        {OptionId::Threads, 0, "threads", "N", "how many threads compute (1 where not given; 0: all there are)"},
        {OptionId::Repeat, 0, "repeat", "N", "how often every schedule is timed (as often as fits in three seconds where not given)"},
        {OptionId::Forget, 0, "forget", "", "measure nothing; forget what was remembered for these extents"},
        optimiseOption, helpOption},
       1,
       1},
      {"explain",
       "SPEC [options]",
       "what the compiler understood and decided",
       "With --dims (and inputs the mask reads) also what the mask does to the tiles.",
       {dimsOption, inputOption, scalarOption, seedOption, setOption, onlyOption, cpuOption, noTunedOption, helpOption},
       1,
       1},
      {"show",
       "SPEC [options]",
       "the mask, its tiles, the score or the weights as a picture",
       "The picture goes to the terminal, or with -o to a file: .svg, .png, .txt, or .html for a page that also shows the source,\n"
       "the formulas and what the compiler decided. Only inputs that the picture depends on are needed; --random makes those\n"
       "that are not given. A cell of a large plane shows the share of its pairs that are visible.",
       {{OptionId::What, 0, "what", "KIND,…", "mask (where not given), tiles, score, weights; several stand side by side"},
        dimsOption, inputOption, scalarOption,
        {OptionId::Random, 0, "random", "", "make any input not given: normal floats, integers that fit their use"},
        seedOption, setOption, onlyOption,
        {OptionId::Head, 0, "head", "0,4-7", "these heads, or `all` (the first where not given)"},
        {OptionId::Batch, 0, "batch", "0,1", "these batches, or `all` (the first where not given)"},
        {OptionId::Output, 'o', "output", "FILE", "a .svg, .png, .txt or .html file instead of the terminal"},
        {OptionId::Width, 0, "width", "N", "columns of text (the terminal's where not given), or pixels of an image"},
        {OptionId::Theme, 0, "theme", "NAME", "of an image: light, dark, or auto (the reader's, where not given; a .png is light)"},
        cpuOption, helpOption},
       1,
       1},
      {"repl",
       "[SPEC]",
       "an interactive session: definitions, expressions, runs",
       "Without a terminal it carries out a script from standard input, and exits with status 1 if a line failed.",
       {{OptionId::Threads, 0, "threads", "N", "how many threads compute (all there are where not given)"}, helpOption},
       0,
       1},
      {"fmt",
       "FILE...",
       "format specs",
       "Rewrites each file whole or not at all, and leaves one with mistakes of syntax as it is. `-` formats standard input to\n"
       "standard output. Line breaks, blank lines and comments stay the author's; indentation, blanks and columns don't.",
       {{OptionId::Check, 0, "check", "", "write nothing; exit with status 3 if a file is not formatted"}, helpOption},
       1,
       size_t(-1)},
  };
}

Command compileTable() {
  return {"",
          "SPEC -o FILE",
          "compile a spec to an object file and a C header beside it",
          "--emit takes obj (where not given), header, so, asm, llvm, a stage of the lowering (see `docs/architecture.md`), attn\n"
          "or ast. Text goes to standard output where no -o is given. A file appears whole or not at all.",
          {{OptionId::Output, 'o', "output", "FILE", "the object, or what --emit names; `-` is standard output"},
           {OptionId::Emit, 0, "emit", "KIND", "what to write: obj, header, so, asm, llvm, attn, ast or a stage"},
           onlyOption, cpusOption,
           {OptionId::Target, 0, "target", "TRIPLE",
            "the machine to compile for: x86_64-linux-gnu, aarch64-linux-gnu (this one where not given)"},
           setOption, optimiseOption,
           {OptionId::Depfile, 0, "depfile", "FILE", "also write, as a rule of make, which files the output was made from"},
           {OptionId::Time, 0, "time", "", "say how long each stage took"},
           {OptionId::ExplainKind, 0, "explain", "KIND", "what a diagnostic means, and exit"},
           {OptionId::Version, 0, "version", "", "show the version and exit"},
           helpOption},
          1,
          1};
}

} // namespace

const std::vector<Command> &attn::driver::commands() {
  static const std::vector<Command> table = allCommands();
  return table;
}

const Command &attn::driver::compileCommand() {
  static const Command table = compileTable();
  return table;
}

const Command *attn::driver::findCommand(std::string_view name) {
  for (const Command &command : commands())
    if (command.name == name)
      return &command;
  return nullptr;
}
