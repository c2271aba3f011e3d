#include "attn/attn.hpp"

#include "test/unit/Catch.h"

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <unistd.h>

namespace {

constexpr int64_t heads = 2, length = 29, width = 16;

struct Data {
  std::vector<float> q, k, v, o, lse;
  explicit Data(unsigned seed) : o(size_t(heads * length * width)), lse(size_t(heads * length)) {
    for (std::vector<float> *values : {&q, &k, &v})
      for (int64_t n = 0; n < heads * length * width; ++n) {
        seed = seed * 1664525u + 1013904223u;
        values->push_back(float(seed >> 8) / 8388608.0f - 1.0f);
      }
  }

  attn::Tensor tensor(std::vector<float> &values) const {
    return attn::Tensor::of(std::span(values), {1, heads, length, width}).value();
  }

  double error(int64_t window) const {
    double worst = 0;
    for (int64_t row = 0; row < heads * length; ++row) {
      int64_t i = row % length, first = row - i;
      std::vector<double> sum(width);
      double denominator = 0;
      for (int64_t j = std::max<int64_t>(0, i - window + 1); j <= i; ++j) {
        double score = 0;
        for (int64_t d = 0; d < width; ++d)
          score += double(q[size_t(row * width + d)]) * k[size_t((first + j) * width + d)];
        double weight = std::exp(score / std::sqrt(width));
        denominator += weight;
        for (int64_t d = 0; d < width; ++d)
          sum[size_t(d)] += weight * v[size_t((first + j) * width + d)];
      }
      for (int64_t d = 0; d < width; ++d)
        worst = std::max(worst, std::abs(o[size_t(row * width + d)] - sum[size_t(d)] / denominator));
    }
    return worst;
  }
};

/// Runs `windowed`; the largest error against the definition.
double runWindowed(const attn::Kernel &kernel, unsigned seed, int64_t window, const attn_context *context = nullptr) {
  Data data(seed);
  attn::Tensor q = data.tensor(data.q), k = data.tensor(data.k), v = data.tensor(data.v), o = data.tensor(data.o);
  attn::Arguments arguments(kernel);
  arguments.set("q", q).set("k", k).set("v", v).set("o", o).set("w", window);
  attn::Status done = kernel.run(arguments, context);
  if (!done)
    return 1e9;
  return data.error(window);
}

attn::Spec spec() {
  attn::Result<attn::Spec> opened = attn::Spec::open(ATTN_SPECS);
  REQUIRE(opened);
  return std::move(opened).value();
}

std::string bytesOf(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const std::string &path, const std::string &bytes) { std::ofstream(path, std::ios::binary) << bytes; }

} // namespace

TEST_CASE("a spec's kernels and their signatures") {
  attn::Spec specs = spec();
  std::vector<attn::Signature> kernels = specs.kernels();
  REQUIRE(kernels.size() == 3);
  CHECK(kernels[0].name() == "windowed");
  CHECK(kernels[0].tensors().size() == 4);
  CHECK(kernels[2].tensor("table") == 3);
  CHECK(std::string_view(kernels[2].tensors()[3].element) == "i32");
  CHECK_FALSE(kernels[2].tensor("w"));
  CHECK(kernels[1].scalar("n") == 2);
  CHECK(specs.warnings().empty());
  CHECK(attn::version().size() >= 5);
}

TEST_CASE("mistakes in a spec are data") {
  attn::Result<attn::Spec> wrong = attn::Spec::parse("attention a {\n  layout mha\n  mask = i +\n}\n", "wrong.attn");
  REQUIRE_FALSE(wrong);
  const attn::Error &error = wrong.error();
  CHECK(error.status == ATTN_INVALID_SPEC);
  REQUIRE(error.diagnostics.size() == 1);
  CHECK(error.diagnostics[0].kind == "expected-expression");
  CHECK(error.diagnostics[0].isError);
  CHECK(error.diagnostics[0].place.file == "wrong.attn");
  CHECK(error.diagnostics[0].place.line >= 3);
  CHECK(error.message.find("wrong.attn:") == 0);
  attn::Result<attn::Spec> missing = attn::Spec::open("/nowhere");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "cannot read `/nowhere`: no such file");
}

TEST_CASE("what is not compiled yet says so") {
  attn::Compiler compiler;
  attn::Result<attn::Spec> later = attn::Spec::parse("attention a { layout mha; weight = sparsemax(score) }");
  REQUIRE(later);
  attn::Result<attn::Kernel> kernel = compiler.compile(*later);
  if (!kernel) {
    CHECK(kernel.error().status == ATTN_INVALID_SPEC);
    CHECK(kernel.error().diagnostics.front().kind == "not-compiled-yet");
  }
}

TEST_CASE("compile and run by name") {
  attn::Compiler compiler;
  attn::Result<attn::Kernel> kernel = compiler.compile(spec(), {.kernel = "windowed", .extents = {{"D", width}}});
  REQUIRE(kernel);
  CHECK(kernel->signature().name() == "windowed");
  CHECK(runWindowed(*kernel, 1, 5) < 1e-5);
  attn::Kernel copy = *kernel;
  CHECK(runWindowed(copy, 2, 100) < 1e-5);

  Data data(3);
  attn::Tensor q = data.tensor(data.q);
  attn::Arguments arguments(*kernel);
  attn::Status done = kernel->run(arguments.set("Q", q).set("also", 3));
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "`windowed` has no tensor `Q`");
  attn::Arguments others(*kernel);
  done = kernel->run(others.set("q", q));
  REQUIRE_FALSE(done);
  CHECK(done.error().status == ATTN_INVALID_ARGUMENT);
  attn::Result<attn::Kernel> none = compiler.compile(spec());
  REQUIRE_FALSE(none);
  CHECK(none.error().message.find("has 3 attentions (windowed, flagged, indexed): name one") != std::string::npos);
}

TEST_CASE("compilers keep their code in the folder, once") {
  namespace fs = std::filesystem;
  fs::path folder = fs::temp_directory_path() / ("attn-layer-" + std::to_string(getpid()));
  setenv("ATTN_CACHE_DIR", folder.c_str(), 1);
  auto entries = [&] { return std::distance(fs::recursive_directory_iterator(folder), fs::recursive_directory_iterator()); };
  ptrdiff_t after = 0;
  for (int n = 0; n < 2; ++n) {
    attn::Compiler compiler;
    attn::Result<attn::Kernel> kernel = compiler.compile(spec(), {.kernel = "windowed"});
    REQUIRE(kernel);
    CHECK(runWindowed(*kernel, 5, 7) < 1e-5);
    CHECK(entries() > 0);
    if (n > 0)
      CHECK(entries() == after);
    after = entries();
  }
  setenv("ATTN_CACHE_DIR", "", 1);
  fs::remove_all(folder);
}

TEST_CASE("scalars of every kind, and defaults") {
  attn::Compiler compiler;
  attn::Result<attn::Kernel> kernel = compiler.compile(spec(), {.kernel = "flagged"});
  REQUIRE(kernel);
  Data data(5);
  std::vector<float> slopes(size_t(heads), 0.0f);
  attn::Tensor q = data.tensor(data.q), k = data.tensor(data.k), v = data.tensor(data.v), o = data.tensor(data.o);
  attn::Tensor bias = attn::Tensor::of(std::span(slopes), {heads}).value();
  attn::Tensor lse = attn::Tensor::of(std::span(data.lse), {1, heads, length}).value();
  auto run = [&](auto... scalars) {
    attn::Arguments arguments(*kernel);
    arguments.set("q", q).set("k", k).set("v", v).set("o", o).set("slopes", bias).set("lse", lse);
    (arguments.set(scalars.first, scalars.second), ...);
    attn::Status done = kernel->run(arguments);
    return done ? "good" : done.error().message;
  };
  auto pair = [](const char *name, auto value) { return std::pair(name, value); };
  CHECK(run(pair("open", true), pair("n", 3)) == "good");
  std::vector<float> byDefault = data.o;
  CHECK(run(pair("open", true), pair("n", 3), pair("scale", 0.25)) == "good");
  CHECK(data.o == byDefault);
  CHECK(run(pair("open", true), pair("n", 3), pair("scale", 1)) == "good");
  CHECK(data.o != byDefault);
  std::vector<float> scaledByOne = data.o;
  CHECK(run(pair("open", false), pair("n", 1)) == "good");
  CHECK(data.o == scaledByOne);
  CHECK(run(pair("n", 1)).find("open") != std::string::npos);
  CHECK(run(pair("open", 1), pair("n", 1)) == "flagged: scalar `open` is a bool, got an int");
  CHECK(run(pair("open", true), pair("n", 1.0)) == "flagged: scalar `n` is an int, got a float");
  CHECK(run(pair("open", true), pair("n", 1), pair("scale", -1.7976931348623157e308)).find("stands for the default") !=
        std::string::npos);
}

TEST_CASE("tensors hold their own shape and refuse what does not fit their memory") {
  std::vector<float> values(24);
  attn::Result<attn::Tensor> tensor = attn::Tensor::of(std::span(values), {2, 3, 4});
  REQUIRE(tensor);
  attn::Tensor copy = *tensor;
  CHECK(copy.dl().shape == copy.shape().data());
  CHECK(copy.dl().shape != tensor->dl().shape);
  CHECK(copy.dl().strides == nullptr);
  attn::Tensor strided = copy.strided({12, 1, 3}).value();
  CHECK(strided.dl().strides[2] == 3);
  attn::Tensor again = attn::Tensor::of(strided.dl()).value();
  CHECK(again.dl().strides[0] == 12);
  CHECK(again.dl().strides != strided.dl().strides);
  CHECK_FALSE(copy.strided({1, 2}));
  CHECK(attn::Tensor::of(std::span(values), {5, 5}).error().message == "the shape has 25 elements, the memory 24");
  CHECK_FALSE(attn::Tensor::of(std::span(values), {-1, -24}));
  CHECK_FALSE(attn::Tensor::of(std::span(values), {INT64_MAX, INT64_MAX, 4}));
  CHECK_FALSE(attn::Tensor::of(std::span(values), {1, 1, 1, 1, 1, 1, 1, 1, 1}));
  CHECK(attn::Tensor::of(std::span(values), {0, INT64_MAX}));
  CHECK(attn::Tensor::over(values.data(), 48, {kDLBfloat, 16, 1}, std::array<int64_t, 1>{48})->dl().dtype.code == kDLBfloat);
}

TEST_CASE("several threads compile with one compiler and run the same kernels") {
  attn::Compiler compiler;
  attn::Spec specs = spec();
  std::vector<std::thread> threads;
  std::vector<double> worst(6, 1e9);
  for (size_t n = 0; n < worst.size(); ++n)
    threads.emplace_back([&, n] {
      attn::Result<attn::Kernel> kernel =
          n % 2 ? compiler.compile(specs, {.kernel = "windowed"})
                : compiler.compile(specs, {.kernel = "windowed", .extents = {{"D", width}}});
      double mine = 0;
      for (unsigned k = 0; kernel && k < 5; ++k)
        mine = std::max(mine, runWindowed(*kernel, unsigned(n) * 10 + k, 3 + k));
      worst[n] = kernel ? mine : 1e9;
      attn::Result<attn::Spec> other = attn::Spec::parse("attention a { mask = " + std::to_string(n) + " }");
      worst[n] += other ? 1 : 0;
    });
  for (std::thread &thread : threads)
    thread.join();
  for (double error : worst)
    CHECK(error < 1e-5);
}

TEST_CASE("the executor's threads compute, for several runs at a time") {
  attn::Result<attn::Executor> executor = attn::Executor::create(3);
  REQUIRE(executor);
  CHECK(executor->threads() == 3);
  CHECK_FALSE(attn::Executor::create(-1));
  attn::Compiler compiler;
  attn::Result<attn::Kernel> kernel = compiler.compile(spec(), {.kernel = "windowed"});
  REQUIRE(kernel);
  attn_context context = executor->context();
  std::vector<std::thread> threads;
  std::vector<double> worst(4, 1e9);
  for (size_t n = 0; n < worst.size(); ++n)
    threads.emplace_back([&, n] { worst[n] = runWindowed(*kernel, unsigned(n), 7, &context); });
  for (std::thread &thread : threads)
    thread.join();
  for (double error : worst)
    CHECK(error < 1e-5);
}

TEST_CASE("objects and shared libraries of attnc have the same kernels") {
  for (const char *path : {ATTN_OBJECT, ATTN_LIBRARY}) {
    INFO(path);
    attn::Result<attn::Object> object = attn::Object::open(path);
    if (!object)
      FAIL(object.error().message);
    std::vector<attn::Signature> kernels = object->kernels(), written = spec().kernels();
    REQUIRE(kernels.size() == 3);
    CHECK(kernels[1].name() == "flagged");
    REQUIRE(kernels[1].scalars().size() == 3);
    CHECK(kernels[1].scalars()[0].kind == ATTN_KIND_FLOAT);
    CHECK(std::string_view(kernels[1].scalars()[0].default_text) == "1 / sqrt(D)");
    CHECK(kernels[1].scalars()[0].has_default == 1);
    CHECK(kernels[1].scalars()[1].has_default == 0);
    CHECK(kernels[1].tensors()[5].is_output == 1);
    CHECK(std::string_view(kernels[1].tensors()[5].dimensions[2]) == "I");
    attn::Result<attn::Kernel> kernel = object->kernel("windowed");
    REQUIRE(kernel);
    CHECK_FALSE(object->kernel());
    CHECK(object->kernel("flaged").error().message.find("did you mean `flagged`?") != std::string::npos);
    object = attn::Error{};
    CHECK(runWindowed(*kernel, 1, 5) < 1e-5);
  }
}

TEST_CASE("what is no object of ours is refused") {
  auto refusal = [](const std::string &path) {
    attn::Result<attn::Object> object = attn::Object::open(path);
    return object ? "opened" : object.error().message;
  };
  CHECK(refusal("/nowhere") == "cannot read `/nowhere`: No such file or directory");
  CHECK(refusal(ATTN_SPECS).find("is no ELF object") != std::string::npos);
  CHECK(refusal(ATTN_SELF) != "opened");
  CHECK(refusal(ATTN_SHARED).find("was not written by attnc") != std::string::npos);
  CHECK(refusal("/").find("cannot read") == 0);
  std::string good = bytesOf(ATTN_OBJECT), path = std::string(ATTN_OBJECT) + ".damaged";
  for (size_t size : {size_t(0), size_t(10), size_t(64), good.size() / 3, good.size() - 1}) {
    write(path, good.substr(0, size));
    INFO(size);
    CHECK(refusal(path) != "opened");
  }
  size_t place = good.find("\"element\":\"f32\"");
  REQUIRE(place != std::string::npos);
  std::string damaged = good;
  damaged.replace(place, 15, "\"element\":\"f99\"");
  write(path, damaged);
  CHECK(refusal(path).find("its description is damaged") != std::string::npos);
  damaged = good;
  damaged.replace(good.find("\"name\":\"flagged\""), 3, "\xFF\xFF\xFF");
  write(path, damaged);
  CHECK(refusal(path).find("its description is damaged") != std::string::npos);
  damaged = good;
  damaged[18] = '\xB7'; // the machine: AArch64
  write(path, damaged);
  CHECK(refusal(path) != "opened");
}

TEST_CASE("data that is wrong where it counts is an error of the run") {
  attn::Compiler compiler;
  attn::Result<attn::Kernel> kernel = compiler.compile(spec(), {.kernel = "indexed"});
  REQUIRE(kernel);
  Data data(1);
  std::vector<int32_t> table(3);
  attn::Tensor q = data.tensor(data.q), k = data.tensor(data.k), v = data.tensor(data.v), o = data.tensor(data.o);
  attn::Tensor numbers = attn::Tensor::of(std::span(table), {3}).value();
  attn::Arguments arguments(*kernel);
  attn::Status done = kernel->run(arguments.set("q", q).set("k", k).set("v", v).set("o", o).set("table", numbers));
  REQUIRE_FALSE(done);
  CHECK(done.error().status == ATTN_INVALID_DATA);
  CHECK(done.error().message.find("table: index ") == 0);
}
