#pragma once

#include "compiler/library/Spec.h"

#include <chrono>

namespace attn::library {

/// Adds the time from its construction to `stop`, or to its end, to a list. Does nothing where the list is null.
class Stopwatch {
public:
  Stopwatch(StageTimes *times, std::string stage)
      : times(times), stage(std::move(stage)), begin(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { stop(); }
  Stopwatch(const Stopwatch &) = delete;
  Stopwatch &operator=(const Stopwatch &) = delete;

  /// What it measures, if that is known only now.
  void rename(std::string name) { stage = std::move(name); }
  void stop() {
    if (times)
      times->push_back({std::move(stage), milliseconds()});
    times = nullptr;
  }
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  }

private:
  StageTimes *times;
  std::string stage;
  std::chrono::steady_clock::time_point begin;
};

} // namespace attn::library
