// A server for tests of coroutines.

#ifndef WEFT_CORO_TESTING_CORO_FIXTURE_H_
#define WEFT_CORO_TESTING_CORO_FIXTURE_H_

#include <condition_variable>
#include <coroutine>
#include <mutex>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "weft/coro.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"

namespace weft::testing {

// With and without handler threads, which make no difference to coroutines.
class CoroTest : public ServerFixture, public ::testing::WithParamInterface<int> {
 public:
  // Writes a line to the journal when it is destroyed.
  class Leaves {
   public:
    Leaves(Journal& journal, std::string line) : journal_(journal), line_(std::move(line)) {}
    Leaves(const Leaves&) = delete;
    Leaves& operator=(const Leaves&) = delete;
    ~Leaves() { journal_.Write(line_); }

   private:
    Journal& journal_;
    const std::string line_;
  };

 protected:
  ~CoroTest() override { server_.reset(); }

  // Every session runs `coroutine`. The journal has "left" when one has ended.
  template <typename Coroutine>
  void StartServer(Coroutine coroutine, ServerOptions options = {}) {
    options.handler_threads = GetParam();
    Start(std::move(options), coro::Handler([this, coroutine](coro::Session session) -> Task<> {
            const Leaves leaves(journal_, "left");
            co_await coroutine(std::move(session));
          }));
  }

  // Time passes, and the timers that are due have run.
  void Advance(int ms) {
    clock_.AdvanceMs(ms);
    LetTheLoopTurn();
  }
};

// An awaitable of the application: whoever holds it resumes the coroutine.
class Gate {
 public:
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    handle_ = handle;
    changed_.notify_all();
  }
  int await_resume() const { return 7; }

  // Waits until a coroutine awaits it, and resumes that on this thread.
  void Open() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return handle_ != nullptr; });
    const std::coroutine_handle<> handle = std::exchange(handle_, nullptr);
    lock.unlock();
    handle.resume();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::coroutine_handle<> handle_;
};

}  // namespace weft::testing

#endif  // WEFT_CORO_TESTING_CORO_FIXTURE_H_
