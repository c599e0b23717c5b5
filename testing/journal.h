// The events of a server, in order, for tests that wait for them.

#ifndef WEFT_TESTING_JOURNAL_H_
#define WEFT_TESTING_JOURNAL_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace weft::testing {

// Lines that any thread writes and any thread can wait for.
class Journal {
 public:
  void Write(std::string line) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  // Waits until `line` was written `times` times.
  void WaitFor(const std::string& line, int times = 1) {
    Wait(line, [&] { return std::count(lines_.begin(), lines_.end(), line) >= times; });
  }

  // Waits for a line that has `part` in it.
  void WaitForPart(const std::string& part) {
    Wait(part, [&] {
      return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
        return line.find(part) != std::string::npos;
      });
    });
  }

  void Clear() {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.clear();
  }

  std::vector<std::string> lines() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }

 private:
  template <typename Condition>
  void Wait(const std::string& what, Condition condition) {
    std::unique_lock<std::mutex> lock(mutex_);
    // A test that has failed waits no longer.
    const std::chrono::seconds limit(::testing::Test::HasFailure() ? 0 : 30);
    const bool seen = changed_.wait_for(lock, limit, condition);
    EXPECT_TRUE(seen) << "waited in vain for: " << what
                      << "\nseen: " << ::testing::PrintToString(lines_);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTING_JOURNAL_H_
