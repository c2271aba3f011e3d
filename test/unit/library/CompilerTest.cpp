#include "compiler/library/Compiler.h"

#include "compiler/library/Accuracy.h"
#include "compiler/library/Fingerprint.h"
#include "test/unit/library/Specs.h"

#include <thread>

using namespace attn;
using namespace attn::library;

namespace {

constexpr const char *causal = "attention a { layout mha; mask = causal }";

bool runs(const Kernel &kernel, RunData &data) {
  std::vector<DLTensor> views = data.views();
  std::vector<const DLTensor *> pointers;
  for (const DLTensor &view : views)
    pointers.push_back(&view);
  Status done = kernel.run(pointers, data.scalars, nullptr);
  if (!done)
    UNSCOPED_INFO(done.message());
  return bool(done) && checkOutputs(kernel.attention(), data, {}).agrees();
}

} // namespace

TEST_CASE("a spec is compiled, run, and agrees with the oracle") {
  auto spec = test::specOf(causal);
  RunData data = test::dataOf(*spec, {{"B", 2}, {"H", 2}, {"I", 40}, {"J", 50}, {"D", 16}});
  Compiler compiler;
  CompileReport report;
  auto kernel = compiler.load(spec, "a", {}, report);
  INFO(report.failure);
  REQUIRE(kernel);
  CHECK(runs(*kernel, data));
}

TEST_CASE("the same spec for the same extents is compiled once") {
  Compiler compiler;
  CompileReport report;
  CompileRequest wide, narrow;
  wide.extents = {{"D", 64}};
  narrow.extents = {{"D", 32}};
  auto first = compiler.load(test::specOf(causal), "a", wide, report);
  auto second = compiler.load(test::specOf(causal), "a", wide, report);
  auto third = compiler.load(test::specOf(causal), "a", narrow, report);
  auto fourth = compiler.load(test::specOf("attention a { layout mha; mask = not causal }"), "a", wide, report);
  REQUIRE((first && second && third && fourth));
  CHECK(first == second);
  CHECK(first != third);
  CHECK(first != fourth);
}

TEST_CASE("the kernels asked for last are remembered, no others") {
  Compiler compiler(std::nullopt, 2);
  auto spec = test::specOf(causal);
  auto load = [&](int64_t width) {
    CompileReport report;
    CompileRequest request;
    request.extents = {{"D", width}};
    auto kernel = compiler.load(spec, "a", request, report);
    REQUIRE(kernel);
    return kernel;
  };
  std::weak_ptr<const Kernel> first = load(8), second = load(16);
  CHECK(load(8) == first.lock());
  auto third = load(32);
  CHECK(first.lock());
  CHECK_FALSE(second.lock());
  CHECK(load(32) == third);
}

TEST_CASE("a compiler is used from several threads at once") {
  Compiler compiler;
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (int n = 0; n < 4; ++n)
    threads.emplace_back([&, n] {
      auto spec = Spec::fromText("test.attn", n % 2 ? causal : "attention a { layout mha }");
      CompileReport report;
      good[n] = compiler.load(spec, "a", {}, report) != nullptr;
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(good == std::vector<int>(4, 1));
}

TEST_CASE("wrong calls of a kernel are answered, not run") {
  auto spec = test::specOf(causal);
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 4}, {"J", 4}, {"D", 8}});
  Compiler compiler;
  CompileReport report;
  auto kernel = compiler.load(spec, "a", {}, report);
  REQUIRE(kernel);
  std::vector<const DLTensor *> none;
  Status done = kernel->run(none, data.scalars, nullptr);
  REQUIRE_FALSE(done);
  CHECK(done.message() == "`a` takes 4 tensors and 0 scalars, got 0 and 0");
}

TEST_CASE("extents that do not fit the spec are refused") {
  auto spec = test::specOf("attention a { layout mha; D = 64; J = I }");
  const sema::Attention &attention = spec->program().attentions.front();
  CHECK(specialise(attention, {{"D", 64}}));
  CHECK(specialise(attention, {{"D", 32}}).message().find("extent `D` is fixed to 64") == 0);
  CHECK(specialise(attention, {{"DD", 32}}).message().find("`a` has no extent `DD`") == 0);
  CHECK(specialise(attention, {{"H", -1}}).message().find("negative") != std::string::npos);
}

TEST_CASE("fingerprints tell attentions apart by all that compiling reads") {
  auto print = [](const char *text) { return fingerprint(test::specOf(text)->program().attentions.front()); };
  CHECK(print(causal) == print(causal));
  CHECK(print("attention a { layout mha; w: int = 3; mask = window(w) }") !=
        print("attention a { layout mha; w: int = 4; mask = window(w) }"));
  CHECK(print("attention a { layout mha }") != print("attention b { layout mha }"));
}

TEST_CASE("what cannot be compiled yet is reported, all of it") {
  auto spec = test::specOf("attention a { layout mha; weight = softmax(q + k) }\n"
                           "attention b { layout mha; mask = dot(q, k) > 0.0 }");
  CompileReport report;
  CHECK_FALSE(emit(*spec, {}, "obj", "test", report));
  CHECK_FALSE(report.isInternal);
  size_t count = 0;
  for (const Diagnostic &diagnostic : report.diagnostics.all())
    count += kindName(diagnostic.kind) == "not-compiled-yet";
  CHECK(count >= 2);
}
