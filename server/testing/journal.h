// What happened in a server, in order, for tests that wait for it.

#ifndef WEFT_SERVER_TESTING_JOURNAL_H_
#define WEFT_SERVER_TESTING_JOURNAL_H_

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
    std::unique_lock<std::mutex> lock(mutex_);
    const bool seen = changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return std::count(lines_.begin(), lines_.end(), line) >= times;
    });
    EXPECT_TRUE(seen) << "waited in vain for: " << line
                      << "\nseen: " << ::testing::PrintToString(lines_);
  }

  std::vector<std::string> lines() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

}  // namespace weft::testing

#endif  // WEFT_SERVER_TESTING_JOURNAL_H_
