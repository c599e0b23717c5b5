// A server with handler threads, and clients whose handlers block.

#ifndef WEFT_SERVER_TESTING_HANDLER_THREADS_FIXTURE_H_
#define WEFT_SERVER_TESTING_HANDLER_THREADS_FIXTURE_H_

#include <cstdint>
#include <future>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft::testing {

class HandlerThreadsTest : public ServerFixture {
 protected:
  HandlerThreadsTest() {
    // An echo; if a client sends "block", its handler returns only when Release was called.
    script_.on_message = [this](Session& session, const Message& message) {
      if (message.payload == "block") return released_.wait();
      session.Send(message).IgnoreError();
    };
  }
  ~HandlerThreadsTest() override {
    if (!is_released_) Release();
    server_.reset();  // destroyed before the members it refers to
  }

  TestClient ConnectBlocked() {
    TestClient client = ConnectAndUpgrade();
    client.SendText("block");
    journal_.WaitFor("message block", ++blocked_);
    return client;
  }

  void Release() {
    is_released_ = true;
    release_.set_value();
  }

  void WaitForHeldSessions(uint64_t count) {
    while (server_->metrics().held_sessions != count) std::this_thread::yield();
  }

  int Count(absl::string_view begin) {
    int count = 0;
    for (const std::string& line : journal_.lines()) count += absl::StartsWith(line, begin);
    return count;
  }

  static std::string Texts(int count) {
    std::string frames;
    for (int i = 0; i < count; ++i) frames += ClientFrame(Opcode::kText, absl::StrCat(i));
    return frames;
  }
  static void ExpectTexts(TestClient& client, int count) {
    for (int i = 0; i < count; ++i) ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text ", i));
  }

  std::promise<void> release_;
  const std::shared_future<void> released_ = release_.get_future().share();
  bool is_released_ = false;
  int blocked_ = 0;
};

}  // namespace weft::testing

#endif  // WEFT_SERVER_TESTING_HANDLER_THREADS_FIXTURE_H_
