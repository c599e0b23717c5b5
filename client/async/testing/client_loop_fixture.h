// A loop of asynchronous clients for tests, whose handlers the test writes.

#ifndef WEFT_CLIENT_ASYNC_TESTING_CLIENT_LOOP_FIXTURE_H_
#define WEFT_CLIENT_ASYNC_TESTING_CLIENT_LOOP_FIXTURE_H_

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/async_reconnect_options.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/reconnect_handler.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/core/http/http_refusal.h"
#include "weft/testing/journal.h"
#include "weft/testing/manual_clock.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft::testing {

// The callbacks of a handler, which the test provides.
struct ClientScript {
  std::function<void(AsyncClient&)> on_open = [](AsyncClient&) {};
  std::function<void(AsyncClient&, const Message&)> on_message = [](AsyncClient&, const Message&) {
  };
  std::function<void(AsyncClient&)> on_writable = [](AsyncClient&) {};
  std::function<void(AsyncClient&)> on_close = [](AsyncClient&) {};
  std::function<void()> on_failed = [] {};
};

// Not ToString(), which has the attached data in any order.
inline std::string StatusText(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message(), " | ",
                      RefusalOf(status).value_or(HttpRefusal()).body);
}

class ScriptedClientHandler : public ClientHandler {
 public:
  ScriptedClientHandler(Journal& journal, ClientScript script)
      : journal_(journal), script_(std::move(script)) {}
  ~ScriptedClientHandler() override { journal_.Write("destroyed"); }

  void OnOpen(AsyncClient& client) override {
    journal_.Write("open");
    script_.on_open(client);
  }
  void OnMessage(AsyncClient& client, const Message& message) override {
    journal_.Write(absl::StrCat("message ", message.payload.substr(0, 40)));
    script_.on_message(client, message);
  }
  void OnWritable(AsyncClient& client) override {
    journal_.Write("writable");
    script_.on_writable(client);
  }
  void OnClose(AsyncClient& client, const CloseInfo& info) override {
    EXPECT_FALSE(client.status().ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(client.SendText("late")));
    journal_.Write(absl::StrCat("close ", static_cast<int>(info.code), " ", info.reason, " by ",
                                NameOf(info.by), " ", info.option));
    script_.on_close(client);
  }
  void OnFailed(const absl::Status& error) override {
    journal_.Write("failed " + StatusText(error));
    script_.on_failed();
  }

 private:
  Journal& journal_;
  const ClientScript script_;
};

// The callbacks of a handler of a client that reconnects, which the test provides.
struct ReconnectScript {
  std::function<absl::Status(ClientOptions&)> before_connect = [](ClientOptions&) {
    return absl::OkStatus();
  };
  std::function<void(AsyncClient&)> on_open = [](AsyncClient&) {};
  std::function<void(AsyncClient&, const Message&)> on_message = [](AsyncClient&, const Message&) {
  };
  std::function<void(AsyncClient&)> on_close = [](AsyncClient&) {};
  std::function<void(const ReconnectEvent&)> on_event = [](const ReconnectEvent&) {};
  std::function<void()> on_end = [] {};
};

class ScriptedReconnectHandler : public ReconnectHandler {
 public:
  ScriptedReconnectHandler(Journal& journal, ReconnectScript script)
      : journal_(journal), script_(std::move(script)) {}
  ~ScriptedReconnectHandler() override {
    EXPECT_LE(ends_, 1);
    EXPECT_FALSE(open_);
    journal_.Write("destroyed");
  }

  absl::Status BeforeConnect(ClientOptions& options) override {
    EXPECT_FALSE(open_);
    return script_.before_connect(options);
  }
  void OnOpen(AsyncClient& client) override {
    EXPECT_FALSE(std::exchange(open_, true));
    journal_.Write("open");
    script_.on_open(client);
  }
  void OnMessage(AsyncClient& client, const Message& message) override {
    EXPECT_TRUE(open_);
    journal_.Write(absl::StrCat("message ", message.payload.substr(0, 40)));
    script_.on_message(client, message);
  }
  void OnClose(AsyncClient& client, const CloseInfo& info) override {
    EXPECT_TRUE(std::exchange(open_, false));
    journal_.Write(absl::StrCat("close ", static_cast<int>(info.code), " by ", NameOf(info.by)));
    script_.on_close(client);
  }
  void OnEvent(const ReconnectEvent& event) override {
    EXPECT_EQ(ends_, 0);
    journal_.Write(event.ToString());
    script_.on_event(event);
  }
  void OnEnd(const absl::Status& why) override {
    ++ends_;
    journal_.Write("end " + StatusText(why));
    script_.on_end();
  }

 private:
  Journal& journal_;
  const ReconnectScript script_;
  bool open_ = false;
  int ends_ = 0;
};

// A loop of clients whose clock the test controls, and the journal of their handlers.
class ClientLoopFixture : public ::testing::Test {
 protected:
  // A loop on one thread, whose time is the test's.
  void StartLoop(ClientLoopOptions options = {}) {
    options.for_tests.clock = &clock_;
    if (!options.for_tests.random) options.for_tests.random = [] { return 0.5; };
    absl::StatusOr<std::unique_ptr<ClientLoop>> loop = ClientLoop::Create(std::move(options));
    ASSERT_TRUE(loop.ok()) << loop.status();
    loop_ = *std::move(loop);
  }

  ClientRef Connect(const std::string& url, ClientScript script = {}, ClientOptions options = {}) {
    if (loop_ == nullptr) StartLoop();
    options.tls = TestTlsClient();
    options.proxy = "direct";
    return loop_->Connect(url, std::move(options),
                          std::make_unique<ScriptedClientHandler>(journal_, std::move(script)));
  }

  // Each wait of a client that reconnects is 1 s, 2 s, 4 s and so on, in the middle of its range.
  ReconnectRef Reconnect(const std::string& url, ReconnectScript script = {},
                         AsyncReconnectOptions options = {
                             .retry = {.backoff = {.first = absl::Seconds(2)}}}) {
    if (loop_ == nullptr) StartLoop();
    options.client.tls = TestTlsClient();
    options.client.proxy = "direct";
    return loop_->Reconnect(
        url, std::move(options),
        std::make_unique<ScriptedReconnectHandler>(journal_, std::move(script)));
  }

  // Connects, and waits until the connection is open.
  ClientRef Open(const std::string& url, ClientScript script = {}, ClientOptions options = {}) {
    ClientRef client = Connect(url, std::move(script), std::move(options));
    journal_.WaitFor("open");
    return client;
  }

  // The number of lines that begin with one of these.
  int Count(std::initializer_list<absl::string_view> beginnings) {
    int count = 0;
    for (const std::string& line : journal_.lines()) {
      for (absl::string_view beginning : beginnings) {
        if (absl::string_view(line).substr(0, beginning.size()) == beginning) ++count;
      }
    }
    return count;
  }

  void AwaitCount(absl::string_view beginning, int count) {
    while (Count({beginning}) < count) std::this_thread::yield();
  }

  ManualClock clock_;
  Journal journal_;
  std::unique_ptr<ClientLoop> loop_;  // last member: its handlers use the others
};

}  // namespace weft::testing

#endif  // WEFT_CLIENT_ASYNC_TESTING_CLIENT_LOOP_FIXTURE_H_
