// Shared by the tests of the client that reconnects.

#ifndef WEFT_CLIENT_TESTING_RECONNECTING_CLIENT_TESTS_H_
#define WEFT_CLIENT_TESTING_RECONNECTING_CLIENT_TESTS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/reconnecting_client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/frame/close_code.h"
#include "weft/testing/fake_server.h"

namespace weft::testing {

// Time passes only in waits, and each takes the middle of its range.
class ReconnectingClientTest : public ::testing::Test {
 protected:
  ReconnectOptions Options() {
    return {.client = Quiet(),
            .retry = {.backoff = {.first = absl::Seconds(2),
                                  .longest = absl::Seconds(20),
                                  .reset_after = absl::Seconds(30)}},
            .hooks = {.on_event =
                          [this](const ReconnectEvent& event) {
                            last_ = event;
                            events_.push_back(event.ToString());
                          }},
            .for_tests = {.now = [this] { return now_; },
                          .sleep =
                              [this](absl::Duration wait) {
                                waits_.push_back(wait);
                                now_ += wait;
                              },
                          .random = [] { return 0.5; }}};
  }

  std::unique_ptr<ReconnectingClient> Create(const FakeServer& server) {
    return Create(server, Options());
  }
  static std::unique_ptr<ReconnectingClient> Create(const FakeServer& server,
                                                    ReconnectOptions options) {
    return *ReconnectingClient::Create(server.url(), std::move(options));
  }

  absl::Duration now_ = absl::Hours(1);
  std::vector<absl::Duration> waits_;
  std::vector<std::string> events_;
  ReconnectEvent last_;
};

// A server that sends this response and does not open the connection.
inline FakeServer::Script Refuse(std::string answer) {
  return [answer = std::move(answer)](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write(absl::StrCat("HTTP/1.1 ", answer, "\r\nContent-Length: 0\r\n\r\n"));
  };
}

// A server that opens it, sends `frames`, and closes.
inline FakeServer::Script SayAndClose(std::string frames, CloseCode code = CloseCode::kGoingAway) {
  return Say(frames + CloseFrame(code));
}

}  // namespace weft::testing

#endif  // WEFT_CLIENT_TESTING_RECONNECTING_CLIENT_TESTS_H_
