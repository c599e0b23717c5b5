// What the tests of the client have in common.

#ifndef WEFT_CLIENT_TESTING_CLIENT_TESTS_H_
#define WEFT_CLIENT_TESTING_CLIENT_TESTS_H_

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/fake_server.h"
#include "weft/core/testing/frames.h"

#define EXPECT_CODE(status, expected_code) \
  EXPECT_EQ((status).code(), absl::StatusCode::expected_code) << (status)

#define EXPECT_RECEIVES(client, text)                      \
  do {                                                     \
    const absl::StatusOr<Message> m = (client)->Receive(); \
    ASSERT_TRUE(m.ok()) << m.status();                     \
    EXPECT_EQ(m->payload, text);                           \
  } while (false)

namespace weft::testing {

// Ends a wait that has nothing to wait for.
inline constexpr absl::Duration kSoon = absl::Milliseconds(1);

// Options under which no keepalive ping disturbs a script.
inline ClientOptions Quiet() { return {.ping_interval = absl::InfiniteDuration()}; }

inline std::unique_ptr<Client> ConnectOrDie(const FakeServer& server,
                                            ClientOptions options = Quiet()) {
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(server.url(), std::move(options));
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

// Frames of a server.
inline std::string Text(absl::string_view text) { return ServerFrame(Opcode::kText, text); }
inline std::string CloseFrame(CloseCode code, absl::string_view reason = "") {
  return ServerFrame(Opcode::kClose, ClosePayload(code, reason));
}

// Something that one thread tells another, once.
class Signal {
 public:
  void Give() { promise_.set_value(); }
  void Await() { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::future<void> future_ = promise_.get_future();
};

}  // namespace weft::testing

#endif  // WEFT_CLIENT_TESTING_CLIENT_TESTS_H_
