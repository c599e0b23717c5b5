// Catches the exceptions of the application's code.

#ifndef WEFT_LOOP_EXCEPTION_GUARD_H_
#define WEFT_LOOP_EXCEPTION_GUARD_H_

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"

namespace weft {

// Calls the application's code for the library, which throws nothing itself, and through which no
// exception must pass. Exceptions are caught, reported and counted. Thread-safe. Where exceptions
// are switched off (-fno-exceptions) it only makes the calls.
//
//   if (!guard.Run("OnMessage", [&] { handler->OnMessage(session, message); })) Close1011();
class ExceptionGuard {
 public:
  // Called with the name of the call that threw, and what() of the exception. May be called by any
  // thread, and must not throw.
  using ReportHook = std::function<void(absl::string_view what, absl::string_view message)>;

  explicit ExceptionGuard(ReportHook report) : report_(std::move(report)) {}
  ExceptionGuard(const ExceptionGuard&) = delete;
  ExceptionGuard& operator=(const ExceptionGuard&) = delete;

  // Calls `call`; false if it threw. `what` is the name of the call in the report.
  template <typename Call>
  bool Run(absl::string_view what, Call&& call) {
#if defined(__cpp_exceptions)
    try {
      std::forward<Call>(call)();
      return true;
    } catch (const std::exception& exception) {
      Report(what, exception.what());
    } catch (...) {
      Report(what, "not a std::exception");
    }
    return false;
#else
    std::forward<Call>(call)();
    return true;
#endif
  }

  // Returns a function that calls `function`, and returns `fallback()` if that throws. An empty
  // function stays empty. This must outlive the result.
  template <typename Result, typename... Arguments, typename Fallback>
  std::function<Result(Arguments...)> Wrap(absl::string_view what,
                                           std::function<Result(Arguments...)> function,
                                           Fallback fallback) {
    if (!function) return nullptr;
    return [this, what, function = std::move(function), fallback](Arguments... arguments) {
      std::optional<Result> result;
      const bool returned =
          Run(what, [&] { result.emplace(function(std::forward<Arguments>(arguments)...)); });
      return returned ? *std::move(result) : fallback();
    };
  }

  // The number of exceptions caught.
  uint64_t caught() const { return caught_.load(std::memory_order_relaxed); }

 private:
  void Report(absl::string_view what, absl::string_view message) {
    caught_.fetch_add(1, std::memory_order_relaxed);
    report_(what, message);
  }

  const ReportHook report_;
  std::atomic<uint64_t> caught_{0};
};

}  // namespace weft

#endif  // WEFT_LOOP_EXCEPTION_GUARD_H_
