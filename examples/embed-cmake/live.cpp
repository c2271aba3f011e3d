// The same for a spec that is read, compiled and run by this program. usage: live SPEC.attn
#include <attn/attn.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

static int fail(const attn::Error &error) {
  std::fprintf(stderr, "live: %s\n", error.message.c_str());
  return 1;
}

int main(int count, char **words) {
  constexpr int64_t length = 16, width = 4;
  attn::Result<attn::Spec> spec = attn::Spec::open(count > 1 ? words[1] : "recent.attn");
  if (!spec)
    return fail(spec.error());
  attn::Compiler compiler;
  attn::Result<attn::Kernel> kernel = compiler.compile(*spec, {.extents = {{"D", width}}});
  if (!kernel)
    return fail(kernel.error());

  std::vector<float> zeros(length * width), result(length * width), sums(length);
  attn::Tensor q = attn::Tensor::of(std::span(zeros), {1, 1, length, width}).value();
  attn::Tensor o = attn::Tensor::of(std::span(result), {1, 1, length, width}).value();
  attn::Tensor lse = attn::Tensor::of(std::span(sums), {1, 1, length}).value();
  attn::Arguments arguments(*kernel);
  arguments.set("q", q).set("k", q).set("v", q).set("o", o).set("lse", lse);
  if (attn::Status done = kernel->run(arguments); !done)
    return fail(done.error());
  std::printf("the last query sees %.0f keys\n", std::exp(sums.back()));
}
