#include "compiler/reference/ElementCodec.h"
#include "compiler/reference/Evaluator.h"
#include "compiler/reference/FaultText.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <thread>

namespace attn::reference {

using namespace sema;

namespace {

int64_t elementOffset(const TensorView &view, int64_t element) {
  int64_t offset = 0;
  for (size_t n = view.shape.size(); n-- > 0;) {
    offset += element % view.shape[n] * view.strides[n];
    element /= view.shape[n];
  }
  return offset;
}

std::vector<int64_t> elementIndex(const std::vector<int64_t> &shape, int64_t element) {
  std::vector<int64_t> index(shape.size());
  for (size_t n = shape.size(); n-- > 0;) {
    index[n] = element % shape[n];
    element /= shape[n];
  }
  return index;
}

/// Which elements a store has written, by all threads, and the first one written twice.
struct StoreRecord {
  std::vector<std::atomic<bool>> written;
  std::atomic<int64_t> twice{std::numeric_limits<int64_t>::max()};

  explicit StoreRecord(int64_t elements) : written(elements) {}
  void write(int64_t element) {
    if (!written[element].exchange(true))
      return;
    for (int64_t known = twice; element < known && !twice.compare_exchange_weak(known, element);) {
    }
  }
};

/// Outputs whose rows correspond are evaluated row by row together, so that they share scores and weights.
std::vector<std::vector<uint32_t>> outputsByRows(const Attention &attention) {
  std::vector<std::pair<std::vector<CoordinateId>, std::vector<uint32_t>>> groups;
  for (uint32_t output = 0; output < attention.outputs.size(); ++output) {
    std::vector<CoordinateId> rows;
    for (CoordinateId coordinate : attention.outputs[output].coordinates)
      if (coordinate <= coordinateI)
        rows.push_back(coordinate);
    std::sort(rows.begin(), rows.end());
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto &g) { return g.first == rows; });
    if (group == groups.end())
      groups.push_back({rows, {output}});
    else
      group->second.push_back(output);
  }
  std::vector<std::vector<uint32_t>> result;
  for (auto &group : groups)
    result.push_back(std::move(group.second));
  return result;
}

/// The error of the earliest row wins, so that the report does not depend on threads.
struct FirstError {
  std::mutex mutex;
  int64_t row = std::numeric_limits<int64_t>::max();
  std::optional<EvaluationError> error;

  void offer(int64_t number, EvaluationError found) {
    const std::lock_guard lock(mutex);
    if (number < row) {
      row = number;
      error = std::move(found);
    }
  }
};

} // namespace

std::optional<EvaluationError> evaluateAll(const Attention &attention, const Binding &binding,
                                           const std::vector<TensorView> &outputs, unsigned threads,
                                           const std::atomic<bool> *stop) {
  threads = std::max(1u, threads);
  std::vector<std::unique_ptr<StoreRecord>> stores;
  for (uint32_t output = 0; output < attention.outputs.size(); ++output) {
    int64_t elements = 1;
    for (int64_t size : outputShape(attention, binding, output))
      elements *= size;
    stores.push_back(attention.outputs[output].indices.empty() ? nullptr : std::make_unique<StoreRecord>(elements));
  }

  for (const std::vector<uint32_t> &group : outputsByRows(attention)) {
    const int64_t rows = Evaluator(attention, binding).rowCount(group.front());
    FirstError first;
    auto work = [&](int64_t begin, int64_t end) {
      Evaluator evaluator(attention, binding);
      for (int64_t number = begin; number < end; ++number)
        for (uint32_t output : group) {
          if (stop && *stop)
            return first.offer(number, {"stopped", {}});
          const RowResult result = evaluator.evaluateRow(output, number);
          if (result.error)
            return first.offer(number, *result.error);
          const TensorView &view = outputs[output];
          for (size_t n = 0; n < result.row.elements.size(); ++n) {
            const int64_t offset = elementOffset(view, result.row.elements[n]);
            if (stores[output])
              stores[output]->write(result.row.elements[n]);
            if (result.row.real)
              storeReal(view.element, view.data, offset, result.row.reals[n]);
            else
              storeInteger(view.element, view.data, offset, result.row.integers[n]);
          }
        }
    };
    std::vector<std::thread> workers;
    for (unsigned t = 1; t < threads; ++t)
      workers.emplace_back(work, rows * t / threads, rows * (t + 1) / threads);
    work(0, rows / threads);
    for (std::thread &worker : workers)
      worker.join();
    if (first.error)
      return first.error;
  }

  for (uint32_t output = 0; output < attention.outputs.size(); ++output)
    if (stores[output] && stores[output]->twice != std::numeric_limits<int64_t>::max()) {
      const Output &target = attention.outputs[output];
      const std::string place = placeOf(target.range);
      return EvaluationError{fmt::format("{}: element [{}] is stored more than once{}{}", target.name,
                                         fmt::join(elementIndex(outputs[output].shape, stores[output]->twice), ", "),
                                         place.empty() ? "" : " at ", place),
                             target.range};
    }
  return std::nullopt;
}

} // namespace attn::reference
