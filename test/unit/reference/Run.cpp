#include "test/unit/reference/Run.h"

#include "compiler/reference/ElementCodec.h"
#include "compiler/sema/Check.h"
#include "compiler/syntax/Parser.h"
#include "test/unit/Catch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <random>

namespace attn::reference {

using namespace sema;

namespace {

size_t count(const std::vector<int64_t> &shape) {
  size_t elements = 1;
  for (int64_t size : shape)
    elements *= static_cast<size_t>(size);
  return elements;
}

} // namespace

Run::Run(const std::string &source) { check(sources->addText("test.attn", source), ""); }

Run Run::ofFile(const std::string &path, const std::string &attention) {
  Run run;
  std::string reason;
  const SourceFile *file = run.sources->open(path, reason);
  INFO(path << ": " << reason);
  REQUIRE(file);
  run.check(file, attention);
  return run;
}

void Run::check(const SourceFile *file, const std::string &attention) {
  Diagnostics diagnostics;
  const syntax::File parsed = syntax::parse(*file, diagnostics);
  std::optional<Program> checked = sema::check(parsed, *sources, diagnostics);
  INFO(render(diagnostics));
  REQUIRE_FALSE(diagnostics.hasErrors());
  REQUIRE(checked);
  program = std::make_shared<Program>(std::move(*checked));
  for (const Attention &candidate : program->attentions)
    if (attention.empty() || candidate.name == attention)
      spec = &candidate;
  REQUIRE(spec);
  arguments = std::make_shared<Arguments>(*spec);
}

Run &Run::tensor(const std::string &name, std::vector<int64_t> shape, const std::vector<double> &values) {
  const TensorId id = spec->findTensor(name);
  INFO(name);
  REQUIRE(id != none);
  REQUIRE(values.size() == count(shape));
  const ElementType element = spec->tensors[id].element;
  memory->emplace_back(values.size() * byteSize(element) + 8);
  for (size_t n = 0; n < values.size(); ++n)
    if (isReal(element))
      storeReal(element, memory->back().data(), int64_t(n), values[n]);
    else
      storeInteger(element, memory->back().data(), int64_t(n), int64_t(values[n]));
  const TensorView view = TensorView::contiguous(memory->back().data(), element, std::move(shape));
  given.emplace_back(name, reference::values(view));
  arguments->tensors[id] = view;
  evaluated = false;
  bound.reset();
  return *this;
}

Run &Run::random(const std::string &name, std::vector<int64_t> shape, unsigned seed) {
  const TensorId id = spec->findTensor(name);
  REQUIRE(id != none);
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count(shape), 0);
  if (isReal(spec->tensors[id].element))
    for (double &value : values)
      value = normal(generator);
  return tensor(name, std::move(shape), values);
}

Run &Run::scalar(const std::string &name, double value) {
  INFO(name);
  REQUIRE(arguments->setScalar(name, ScalarValue::ofReal(value)));
  evaluated = false;
  bound.reset();
  return *this;
}

Run &Run::extent(const std::string &name, int64_t value) {
  INFO(name);
  REQUIRE(arguments->setExtent(name, value));
  evaluated = false;
  bound.reset();
  return *this;
}

std::string Run::bindErrors() {
  BindResult result = bind(*spec, *arguments);
  REQUIRE(result.binding.has_value() == result.errors.empty());
  bound = std::move(result.binding);
  return fmt::format("{}", fmt::join(result.errors, "\n"));
}

const Binding &Run::binding() {
  if (!bound)
    REQUIRE(bindErrors() == "");
  return *bound;
}

std::string Run::evaluate(unsigned threads) {
  if (const std::string errors = bindErrors(); !errors.empty())
    return errors;
  results.clear();
  std::vector<TensorView> views;
  for (uint32_t number = 0; number < spec->outputs.size(); ++number) {
    const ElementType element = spec->outputs[number].element;
    std::vector<int64_t> size = outputShape(*spec, *bound, number);
    results.emplace_back(count(size) * byteSize(element) + 8);
    for (size_t n = 0; n < count(size); ++n)
      storeReal(element, results.back().data(), int64_t(n), initial);
    views.push_back(TensorView::contiguous(results.back().data(), element, std::move(size)));
  }
  const std::optional<EvaluationError> error = evaluateAll(*spec, *bound, views, threads);
  evaluated = !error;
  return error ? error->message : "";
}

uint32_t Run::outputNumber(const std::string &name) const {
  for (uint32_t number = 0; number < spec->outputs.size(); ++number)
    if (spec->outputs[number].name == name)
      return number;
  FAIL("no output " << name);
  return 0;
}

std::vector<double> Run::output(const std::string &name) {
  if (!evaluated)
    REQUIRE(evaluate() == "");
  const uint32_t number = outputNumber(name);
  return values(TensorView::contiguous(results[number].data(), spec->outputs[number].element, shape(name)));
}

std::vector<int64_t> Run::shape(const std::string &name) { return outputShape(*spec, binding(), outputNumber(name)); }

const std::vector<double> &Run::input(const std::string &name) const {
  for (size_t n = given.size(); n-- > 0;)
    if (given[n].first == name)
      return given[n].second;
  FAIL("no input " << name);
  return given.front().second;
}

std::vector<double> values(const TensorView &view) {
  std::vector<double> result(count(view.shape));
  visitElements(view.element, view.data, [&](const auto *data) {
    for (size_t n = 0; n < result.size(); ++n)
      result[n] = static_cast<double>(data[n]);
  });
  return result;
}

Naive naiveAttention(const std::vector<double> &q, const std::vector<double> &k, const std::vector<double> &v,
                     int64_t I, int64_t J, int64_t D, int64_t E, double scale,
                     const std::function<bool(int64_t, int64_t)> &visible) {
  Naive result{std::vector<double>(I * E, 0), std::vector<double>(I, -std::numeric_limits<double>::infinity())};
  for (int64_t i = 0; i < I; ++i) {
    double denominator = 0;
    for (int64_t j = 0; j < J; ++j) {
      if (!visible(i, j))
        continue;
      double score = 0;
      for (int64_t d = 0; d < D; ++d)
        score += q[i * D + d] * k[j * D + d];
      const double exponential = std::exp(score * scale);
      denominator += exponential;
      for (int64_t e = 0; e < E; ++e)
        result.o[i * E + e] += exponential * v[j * E + e];
    }
    if (denominator == 0)
      continue;
    result.lse[i] = std::log(denominator);
    for (int64_t e = 0; e < E; ++e)
      result.o[i * E + e] /= denominator;
  }
  return result;
}

bool agree(const std::vector<double> &a, const std::vector<double> &b, double tolerance) {
  bool same = a.size() == b.size();
  for (size_t n = 0; same && n < a.size(); ++n)
    same = a[n] == b[n] || (std::isnan(a[n]) && std::isnan(b[n])) || std::fabs(a[n] - b[n]) <= tolerance;
  if (!same)
    UNSCOPED_INFO(fmt::format("got [{}], expected [{}]", fmt::join(a, ", "), fmt::join(b, ", ")));
  return same;
}

} // namespace attn::reference
