// attn/attn.h for C++20: handles that clean up after themselves, spans, results that are a value or an error. Header
// only; link with -lattn. What attn.h says about threads and lifetimes holds here.
//
//   attn::Compiler compiler;
//   attn::Result<attn::Spec> spec = attn::Spec::open("window.attn");
//   attn::Result<attn::Kernel> kernel = compiler.compile(spec.value(), {.extents = {{"D", 64}}});
//   attn::Result<attn::Tensor> q = attn::Tensor::of(std::span(data), {batch, heads, length, 64});
//   …
//   attn::Arguments arguments(*kernel);
//   arguments.set("q", *q).set("k", *k).set("v", *v).set("o", *o).set("w", 128);
//   attn::Status done = kernel->run(arguments);
//   if (!done) std::cerr << done.error().message << '\n';
#ifndef ATTN_ATTN_HPP
#define ATTN_ATTN_HPP

#include "attn/attn.h"

#include <array>
#include <concepts>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace attn {
inline namespace v1 {

/// A diagnostic of the compiler; see attn_diagnostic.
struct Diagnostic {
  struct Place {
    std::string file; ///< empty: nowhere
    int line = 0, column = 0, endLine = 0, endColumn = 0;
  };
  struct Note {
    Place place;
    std::string text;
  };
  struct Suggestion {
    Place place;
    std::string replacement, text;
  };
  bool isError = true;
  std::string kind, message, rendered;
  Place place;
  std::vector<Note> notes;
  std::vector<Suggestion> suggestions;
};

/// Why something failed: a status of attn.h or attn/kernel.h, text of one or more lines, and what the compiler said
/// about a spec.
struct Error {
  int32_t status = ATTN_OK;
  std::string message;
  std::vector<Diagnostic> diagnostics;
};

/// A value or an error, with the members of C++23's std::expected that need no exception. `*`, `->` and `value()` need
/// a value, `error()` needs none.
template <class T> class [[nodiscard]] Result {
public:
  using value_type = T;
  using error_type = Error;
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  T &value() & { return std::get<0>(state); }
  const T &value() const & { return std::get<0>(state); }
  T &&value() && { return std::get<0>(std::move(state)); }
  T &operator*() & { return value(); }
  const T &operator*() const & { return value(); }
  T &&operator*() && { return std::move(*this).value(); }
  T *operator->() { return &value(); }
  const T *operator->() const { return &value(); }
  template <class U> T value_or(U &&other) const & { return has_value() ? value() : T(std::forward<U>(other)); }
  const Error &error() const & { return std::get<1>(state); }
  Error &&error() && { return std::get<1>(std::move(state)); }
  /// `f(value)`, which gives a Result too, or the error.
  template <class F> auto and_then(F &&f) && -> decltype(f(std::declval<T &&>())) {
    if (has_value())
      return std::forward<F>(f)(std::move(*this).value());
    return std::move(*this).error();
  }

private:
  std::variant<T, Error> state;
};

using Status = Result<std::monostate>;

namespace detail {

template <auto Destroy> struct Deleter {
  template <class T> void operator()(T *handle) const noexcept { Destroy(handle); }
};
template <class T, auto Destroy> using Handle = std::unique_ptr<T, Deleter<Destroy>>;

inline Diagnostic::Place place(const attn_place &from) {
  return {from.file ? from.file : "", from.line, from.column, from.end_line, from.end_column};
}

/// What a report says; the report is destroyed.
inline std::vector<Diagnostic> diagnostics(attn_report *report) {
  Handle<attn_report, attn_report_destroy> owner(report);
  std::vector<Diagnostic> list;
  for (size_t n = 0; n < attn_report_count(report); ++n) {
    const attn_diagnostic &from = *attn_report_get(report, n);
    Diagnostic &to = list.emplace_back();
    to.isError = from.severity == ATTN_ERROR;
    to.kind = from.kind;
    to.message = from.message;
    to.rendered = from.rendered;
    to.place = place(from.place);
    for (size_t k = 0; k < from.note_count; ++k)
      to.notes.push_back({place(from.notes[k].place), from.notes[k].text});
    for (size_t k = 0; k < from.suggestion_count; ++k)
      to.suggestions.push_back(
          {place(from.suggestions[k].place), from.suggestions[k].replacement, from.suggestions[k].text});
  }
  return list;
}

inline Error error(int32_t status, std::vector<Diagnostic> diagnostics) {
  Error failed{status, {}, std::move(diagnostics)};
  for (const Diagnostic &diagnostic : failed.diagnostics)
    failed.message += diagnostic.place.file.empty() ? diagnostic.message : diagnostic.rendered;
  while (!failed.message.empty() && failed.message.back() == '\n')
    failed.message.pop_back();
  return failed;
}

} // namespace detail

inline std::string_view version() { return attn_version(); }

/// A kernel's name, tensors and scalars. Lives as long as the spec, kernel or object it was asked of.
class Signature {
public:
  explicit Signature(const attn_signature *signature) : signature(signature) {}
  std::string_view name() const { return signature->name; }
  /// Inputs, then outputs.
  std::span<const attn_tensor_signature> tensors() const { return {signature->tensors, signature->tensor_count}; }
  std::span<const attn_scalar_signature> scalars() const { return {signature->scalars, signature->scalar_count}; }
  std::optional<size_t> tensor(std::string_view wanted) const { return find(tensors(), wanted); }
  std::optional<size_t> scalar(std::string_view wanted) const { return find(scalars(), wanted); }

private:
  template <class T> static std::optional<size_t> find(std::span<const T> list, std::string_view wanted) {
    for (size_t n = 0; n < list.size(); ++n)
      if (wanted == list[n].name)
        return n;
    return std::nullopt;
  }
  const attn_signature *signature;
};

namespace detail {
template <class T> struct ElementType;
template <> struct ElementType<float> { static constexpr DLDataType value{kDLFloat, 32, 1}; };
template <> struct ElementType<int8_t> { static constexpr DLDataType value{kDLInt, 8, 1}; };
template <> struct ElementType<uint8_t> { static constexpr DLDataType value{kDLUInt, 8, 1}; };
template <> struct ElementType<int32_t> { static constexpr DLDataType value{kDLInt, 32, 1}; };
template <> struct ElementType<int64_t> { static constexpr DLDataType value{kDLInt, 64, 1}; };
template <> struct ElementType<bool> { static constexpr DLDataType value{kDLBool, 8, 1}; };
} // namespace detail

/// A tensor over memory of the caller's: a DLTensor that holds its own shape and strides, so that it can be copied and
/// kept.
class Tensor {
public:
  static constexpr size_t maximumRank = 8;

  /// Elements side by side, the last dimension innermost. Fails where the span has fewer than the shape says.
  template <class T>
  static Result<Tensor> of(std::span<T> elements, std::span<const int64_t> shape) {
    return over(elements.data(), elements.size(), detail::ElementType<std::remove_const_t<T>>::value, shape);
  }
  template <class T>
  static Result<Tensor> of(std::span<T> elements, std::initializer_list<int64_t> shape) {
    return of(elements, std::span<const int64_t>(shape.begin(), shape.size()));
  }
  /// The same for elements that C++ has no type for: `{kDLBfloat, 16, 1}`.
  static Result<Tensor> over(const void *data, size_t elements, DLDataType type, std::span<const int64_t> shape) {
    if (shape.size() > maximumRank)
      return Error{ATTN_INVALID_ARGUMENT, "a tensor has at most 8 dimensions, got " + std::to_string(shape.size()), {}};
    Tensor tensor;
    uint64_t count = 1;
    for (size_t n = 0; n < shape.size(); ++n) {
      if (shape[n] < 0)
        return Error{ATTN_INVALID_ARGUMENT, "dimension " + std::to_string(n) + " is negative", {}};
      if (__builtin_mul_overflow(count, uint64_t(shape[n]), &count))
        count = UINT64_MAX;
      tensor.sizes[n] = shape[n];
    }
    if (count > elements)
      return Error{ATTN_INVALID_ARGUMENT,
                   "the shape has " + std::to_string(count) + " elements, the memory " + std::to_string(elements), {}};
    tensor.view.data = const_cast<void *>(data);
    tensor.view.device = {kDLCPU, 0};
    tensor.view.ndim = int32_t(shape.size());
    tensor.view.dtype = type;
    tensor.point();
    return tensor;
  }
  /// Someone else's tensor, shape and strides copied. Fails where it has more than 8 dimensions.
  static Result<Tensor> of(const DLTensor &other) {
    if (other.ndim < 0 || size_t(other.ndim) > maximumRank || (other.ndim > 0 && !other.shape))
      return Error{ATTN_INVALID_ARGUMENT, "a tensor has 0 to 8 dimensions and a shape", {}};
    Tensor tensor;
    tensor.view = other;
    tensor.isStrided = other.strides != nullptr;
    for (int32_t n = 0; n < other.ndim; ++n) {
      tensor.sizes[size_t(n)] = other.shape[n];
      tensor.steps[size_t(n)] = tensor.isStrided ? other.strides[n] : 0;
    }
    tensor.point();
    return tensor;
  }

  Tensor(const Tensor &other) { *this = other; }
  Tensor &operator=(const Tensor &other) {
    sizes = other.sizes;
    steps = other.steps;
    isStrided = other.isStrided;
    view = other.view;
    point();
    return *this;
  }

  /// Strides in elements, one per dimension. Fails where their number is another.
  Result<Tensor> strided(std::span<const int64_t> strides) const {
    if (strides.size() != size_t(view.ndim))
      return Error{ATTN_INVALID_ARGUMENT, std::to_string(strides.size()) + " strides for " + std::to_string(view.ndim) +
                                              " dimensions", {}};
    Tensor tensor = *this;
    tensor.isStrided = true;
    for (size_t n = 0; n < strides.size(); ++n)
      tensor.steps[n] = strides[n];
    tensor.point();
    return tensor;
  }
  Result<Tensor> strided(std::initializer_list<int64_t> strides) const {
    return strided(std::span<const int64_t>(strides.begin(), strides.size()));
  }

  const DLTensor &dl() const { return view; }
  std::span<const int64_t> shape() const { return {sizes.data(), size_t(view.ndim)}; }

private:
  Tensor() = default;
  void point() {
    view.shape = sizes.data();
    view.strides = isStrided ? steps.data() : nullptr;
  }
  std::array<int64_t, maximumRank> sizes{}, steps{};
  bool isStrided = false;
  DLTensor view{};
};

class Kernel;

/// The arguments of a kernel's runs, by name. Tensors are pointers to DLTensors that stay the caller's; setting what is
/// set replaces it. A name the kernel doesn't have is answered by the run. Made once and used for many runs, it makes
/// no run allocate. One thread at a time.
class Arguments {
public:
  explicit Arguments(const Kernel &kernel);

  Arguments &set(std::string_view name, const DLTensor *tensor) {
    if (std::optional<size_t> place = signature.tensor(name))
      tensors[*place] = tensor;
    else
      unknown(name, "tensor");
    return *this;
  }
  Arguments &set(std::string_view name, const Tensor &tensor) { return set(name, &tensor.dl()); }
  Arguments &set(std::string_view name, Tensor &&tensor) = delete; // it would be gone at the run
  Arguments &set(std::string_view name, attn_scalar scalar) {
    if (std::optional<size_t> place = signature.scalar(name))
      scalars[*place] = scalar;
    else
      unknown(name, "scalar");
    return *this;
  }
  template <std::integral T> Arguments &set(std::string_view name, T value) {
    return set(name, std::same_as<T, bool> ? attn_bool(value) : attn_int(int64_t(value)));
  }
  template <std::floating_point T> Arguments &set(std::string_view name, T value) {
    return set(name, attn_float(double(value)));
  }

private:
  friend class Kernel;
  void unknown(std::string_view name, const char *what) {
    if (problem.empty())
      problem = "`" + std::string(signature.name()) + "` has no " + what + " `" + std::string(name) + "`";
  }
  Signature signature;
  std::vector<const DLTensor *> tensors;
  std::vector<attn_scalar> scalars;
  std::string problem;
};

/// Code in this process. Cheap to copy; copies are the same kernel.
class Kernel {
public:
  Signature signature() const { return Signature(attn_kernel_signature(handle.get())); }

  /// Null contexts run on this thread with malloc. An error's text is the only thing a run allocates beside the
  /// context's memory.
  Status run(const Arguments &arguments, const attn_context *context = nullptr) const {
    if (!arguments.problem.empty())
      return Error{ATTN_INVALID_ARGUMENT, arguments.problem, {}};
    return run(arguments.tensors, arguments.scalars, context);
  }
  /// In the signature's order; without scalars all have their defaults.
  Status run(std::span<const DLTensor *const> tensors, std::span<const attn_scalar> scalars = {},
             const attn_context *context = nullptr) const {
    attn_error error;
    int32_t status = attn_kernel_run(handle.get(), tensors.data(), tensors.size(), scalars.empty() ? nullptr : scalars.data(),
                                     scalars.size(), context, &error);
    if (status == ATTN_OK)
      return std::monostate();
    return Error{status, error.message, {}};
  }
  const attn_kernel *get() const { return handle.get(); }

private:
  friend class Compiler;
  friend class Object;
  explicit Kernel(attn_kernel *kernel) : handle(kernel, attn_kernel_destroy) {}
  std::shared_ptr<attn_kernel> handle;
};

inline Arguments::Arguments(const Kernel &kernel)
    : signature(kernel.signature()), tensors(signature.tensors().size()), scalars(signature.scalars().size()) {}

/// Makes one attention of two that saw different keys; see attn_merge.
struct MergeInput {
  const DLTensor *o = nullptr, *lse = nullptr;
};
inline Status merge(MergeInput first, MergeInput second, MergeInput merged, const attn_context *context = nullptr) {
  attn_error error;
  int32_t status = attn_merge(first.o, first.lse, second.o, second.lse, merged.o, merged.lse, context, &error);
  if (status == ATTN_OK)
    return std::monostate();
  return Error{status, error.message, {}};
}
/// The same of tensors; `lse` may be left out.
inline Status merge(const Tensor &o1, const Tensor &lse1, const Tensor &o2, const Tensor &lse2, const Tensor &o,
                    const Tensor *lse = nullptr, const attn_context *context = nullptr) {
  return merge({&o1.dl(), &lse1.dl()}, {&o2.dl(), &lse2.dl()}, {&o.dl(), lse ? &lse->dl() : nullptr}, context);
}

/// A spec without mistakes.
class Spec {
public:
  static Result<Spec> open(const std::string &path) {
    attn_spec *spec = nullptr;
    attn_report *report = nullptr;
    int32_t status = attn_spec_open(path.c_str(), &spec, &report);
    return made(status, spec, report);
  }
  static Result<Spec> parse(std::string_view text, const std::string &name = "<spec>") {
    attn_spec *spec = nullptr;
    attn_report *report = nullptr;
    int32_t status = attn_spec_parse(name.c_str(), text.data(), text.size(), &spec, &report);
    return made(status, spec, report);
  }

  std::vector<Signature> kernels() const {
    std::vector<Signature> list;
    for (size_t n = 0; n < attn_spec_count(handle.get()); ++n)
      list.emplace_back(attn_spec_get(handle.get(), n));
    return list;
  }
  const std::vector<Diagnostic> &warnings() const { return said; }
  const attn_spec *get() const { return handle.get(); }

private:
  using Handle = detail::Handle<attn_spec, attn_spec_destroy>;
  Spec(Handle handle, std::vector<Diagnostic> said) : handle(std::move(handle)), said(std::move(said)) {}
  static Result<Spec> made(int32_t status, attn_spec *spec, attn_report *report) {
    Handle handle(spec);
    std::vector<Diagnostic> said = detail::diagnostics(report);
    if (status != ATTN_OK)
      return detail::error(status, std::move(said));
    return Spec(std::move(handle), std::move(said));
  }
  Handle handle;
  std::vector<Diagnostic> said;
};

struct CompileOptions {
  std::string kernel = {}; ///< empty: the only one
  std::vector<std::pair<std::string, int64_t>> extents = {};
  bool optimiseHarder = false;
};

class Compiler {
public:
  Compiler() {
    attn_compiler *compiler = nullptr;
    attn_compiler_create(&compiler);
    handle.reset(compiler);
  }
  Result<Kernel> compile(const Spec &spec, const CompileOptions &options = {}) {
    std::vector<attn_extent> extents;
    for (const auto &[name, size] : options.extents)
      extents.push_back({name.c_str(), size});
    attn_compile_options plain{extents.data(), extents.size(), options.optimiseHarder};
    attn_kernel *kernel = nullptr;
    attn_report *report = nullptr;
    int32_t status = attn_compile(handle.get(), spec.get(), options.kernel.empty() ? nullptr : options.kernel.c_str(), &plain,
                                  &kernel, &report);
    std::vector<Diagnostic> said = detail::diagnostics(report);
    if (status != ATTN_OK)
      return detail::error(status, std::move(said));
    return Kernel(kernel);
  }

private:
  detail::Handle<attn_compiler, attn_compiler_destroy> handle;
};

/// What `attnc --emit=obj` or `--emit=so` wrote, loaded.
class Object {
public:
  static Result<Object> open(const std::string &path) {
    attn_object *object = nullptr;
    attn_report *report = nullptr;
    int32_t status = attn_object_open(path.c_str(), &object, &report);
    Handle handle(object);
    std::vector<Diagnostic> said = detail::diagnostics(report);
    if (status != ATTN_OK)
      return detail::error(status, std::move(said));
    return Object(std::move(handle));
  }
  std::vector<Signature> kernels() const {
    std::vector<Signature> list;
    for (size_t n = 0; n < attn_object_count(handle.get()); ++n)
      list.emplace_back(attn_object_get(handle.get(), n));
    return list;
  }
  /// The only one without a name.
  Result<Kernel> kernel(const std::string &name = {}) const {
    attn_kernel *kernel = nullptr;
    attn_report *report = nullptr;
    int32_t status = attn_object_kernel(handle.get(), name.empty() ? nullptr : name.c_str(), &kernel, &report);
    std::vector<Diagnostic> said = detail::diagnostics(report);
    if (status != ATTN_OK)
      return detail::error(status, std::move(said));
    return Kernel(kernel);
  }

private:
  using Handle = detail::Handle<attn_object, attn_object_destroy>;
  explicit Object(Handle handle) : handle(std::move(handle)) {}
  Handle handle;
};

/// Threads for kernels; see attn/executor.h. Its context is valid as long as it lives.
class Executor {
public:
  /// 0: as many threads as this process may run on.
  static Result<Executor> create(int32_t threads = 0) {
    Handle handle(attn_executor_create(threads));
    if (!handle)
      return Error{ATTN_INVALID_ARGUMENT, "no executor of " + std::to_string(threads) + " threads can be had", {}};
    return Executor(std::move(handle));
  }
  int32_t threads() const { return attn_executor_threads(handle.get()); }
  attn_context context() { return attn_executor_context(handle.get()); }

private:
  using Handle = detail::Handle<attn_executor, attn_executor_destroy>;
  explicit Executor(Handle handle) : handle(std::move(handle)) {}
  Handle handle;
};

} // namespace v1
} // namespace attn

#endif
