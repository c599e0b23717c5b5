// Shared by the tests of the client.

#ifndef WEFT_CLIENT_TESTING_CLIENT_TESTS_H_
#define WEFT_CLIENT_TESTING_CLIENT_TESTS_H_

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/core/http/http.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"

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

// More bytes than the system buffers on their way to a FakeServer.
inline constexpr size_t kTooMuch = 16 << 20;

// Trusts the test CA.
inline const std::shared_ptr<TlsContext>& TestTls() {
  static const auto* tls = new std::shared_ptr<TlsContext>(TestTlsClient());
  return *tls;
}

// Options with which no keepalive ping disturbs a script, and no wait ends by itself.
inline ClientOptions Quiet() {
  return {.tls = TestTls(),
          .timeouts = {.connect = absl::InfiniteDuration(),
                       .send = absl::InfiniteDuration(),
                       .ping_interval = absl::InfiniteDuration(),
                       .close = absl::InfiniteDuration()}};
}

inline std::unique_ptr<Client> ConnectOrDie(const FakeServer& server,
                                            ClientOptions options = Quiet()) {
  options.tls = TestTls();
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(server.url(), std::move(options));
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

// Scripts of a server that opens the connection and then answers, and echoes messages, until the
// end
inline void Echo(FakePeer& peer) {
  peer.AcceptUpgrade();
  peer.EchoToEnd();
}
// reads, and sends nothing
inline void Ignore(FakePeer& peer) {
  peer.AcceptUpgrade();
  peer.ReadToEnd();
}
// reads nothing
inline void DoNotRead(FakePeer& peer) {
  peer.AcceptUpgrade();
  peer.AwaitStop();
}
// sends these frames, and reads.
inline auto Say(std::string frames) {
  return [frames = std::move(frames)](FakePeer& peer) {
    peer.AcceptUpgrade(frames);
    peer.ReadToEnd();
  };
}

// A server that answers one request in this way, stores the request, and waits until the client
// closes.
inline FakeServer::Script Answer(std::string answer, std::string* request = nullptr) {
  return [answer = std::move(answer), request](FakePeer& peer) {
    const std::string received = peer.ReadRequest();
    if (request != nullptr) *request = received;
    peer.Write(answer);
    peer.ReadToEnd();
  };
}

inline std::string Wss(const FakeServer& server, absl::string_view host = "127.0.0.1") {
  return absl::StrCat("wss://", host, ":", server.port(), "/");
}

// Frames of a server.
inline std::string Text(absl::string_view text) { return ServerFrame(Opcode::kText, text); }
inline std::string CloseFrame(CloseCode code, absl::string_view reason = "") {
  return ServerFrame(Opcode::kClose, ClosePayload(code, reason));
}

// A call in another thread, which the test ends from outside.
class BlockedCall {
 public:
  // Returns when the thread sleeps in `call`.
  explicit BlockedCall(std::function<void()> call)
      : thread_([this, call = std::move(call)] {
          started_.set_value(static_cast<pid_t>(syscall(SYS_gettid)));
          call();
        }) {
    const std::string path = absl::StrCat("/proc/self/task/", started_.get_future().get(), "/stat");
    std::string id, name, state;
    while (state != "S") {
      std::this_thread::yield();
      std::ifstream(path) >> id >> name >> state;
    }
  }

  // Waits until it returns.
  void Join() { thread_.join(); }

 private:
  std::promise<pid_t> started_;
  std::thread thread_;  // last member: it uses the other
};

// The duration of an action that `measure` performs once: the median of five. If it is `limit` or
// more, it is measured again, a few times: the machine may have been busy.
inline absl::Duration TypicalTime(absl::Duration limit,
                                  const std::function<absl::Duration()>& measure) {
  absl::Duration typical = absl::InfiniteDuration();
  for (int i = 0; i < 5 && typical >= limit; ++i) {
    absl::Duration taken[5];
    std::generate(std::begin(taken), std::end(taken), measure);
    std::nth_element(std::begin(taken), taken + 2, std::end(taken));
    typical = taken[2];
  }
  return typical;
}

// The header fields of a request: name, value.
inline std::multimap<std::string, std::string> HeadersOf(absl::string_view request) {
  const absl::StatusOr<HttpRequest> parsed = ParseHttpRequest(request);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  std::multimap<std::string, std::string> headers;
  for (const HttpHeader& header : parsed->headers) headers.emplace(header.name, header.value);
  return headers;
}

// An event that one thread signals to another, once.
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
