// A long-running server, with clients that misbehave in many ways: they talk, leave in the middle,
// send garbage, never read, never send. The server is repeatedly drained, stopped and restarted,
// and its certificates are reloaded all the time. At each end every session must have been closed
// once, and the process must not grow. Mainly for --config=asan and --config=tsan.
//
//   bazel run -c opt //bench:soak -- --duration=10m

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/config.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "weft/bench/engine/process.h"
#include "weft/client/client.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/wait.h"

ABSL_FLAG(absl::Duration, duration, absl::Minutes(10), "how long to run");
ABSL_FLAG(int, clients, 16, "threads, each with one client after the other");
ABSL_FLAG(uint32_t, seed, 1, "of the clients' actions; their order is up to the system");
ABSL_FLAG(std::string, certificates, "transport/testing/test_ca",
          "the folder of server.pem, server.key and ca.pem");

namespace weft::bench {
namespace {

// Sanitizers keep freed memory, and find leaks themselves.
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
constexpr bool kMemoryIsOurs = false;
#else
constexpr bool kMemoryIsOurs = true;
#endif

constexpr int64_t kGrowthAllowed = 16 << 20;
constexpr char kNews[] = "news: ";

using Random = std::minstd_rand;

// Ends the process, so that nothing follows a finding.
[[noreturn]] void Fail(absl::string_view what) {
  absl::FPrintF(stderr, "soak: %s\n", what);
  std::abort();
}

void Check(const absl::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

struct Counts {
  std::atomic<uint64_t> opened{0}, closed{0}, destroyed{0}, echoes{0};
};

// Echoes, and does to its own session what a message requests.
class SoakHandler : public Handler {
 public:
  explicit SoakHandler(Counts& counts) : counts_(counts) {}
  ~SoakHandler() override { ++counts_.destroyed; }

  void OnOpen(Session& session) override {
    ++counts_.opened;
    session.Subscribe("news").IgnoreError();
  }

  void OnMessage(Session& session, const Message& message) override {
    if (message.payload == "terminate") return session.Terminate();
    if (message.payload == "unsubscribe") session.Unsubscribe("news");
    if (message.payload == "ping") session.SendPing().IgnoreError();
    if (message.payload == "publish") {
      session.Publish("news", Opcode::kText, absl::StrCat(kNews, session.id())).IgnoreError();
    }
    if (message.payload == "close" || !session.Send(message).ok()) {
      session.Close(CloseCode::kTryAgainLater, "enough").IgnoreError();
    }
  }

  void OnClose(Session& session, const CloseInfo& /*info*/) override {
    if (closed_) Fail("OnClose was called twice");
    closed_ = true;
    ++counts_.closed;
    session.SendText("too late").IgnoreError();
    session.Terminate();
  }

 private:
  Counts& counts_;
  bool closed_ = false;
};

// One server, from its start to its end, and its clients.
class Life {
 public:
  // With `handler_threads` a pool calls the handlers, see ServerOptions.
  Life(std::shared_ptr<TlsContext> server_tls, std::shared_ptr<TlsContext> client_tls,
       int handler_threads)
      : client_tls_(std::move(client_tls)) {
    // Every limit is low enough to be reached.
    ServerOptions options = {
        .more_endpoints = {{.tls = std::move(server_tls)}},
        .threads = 2,
        .handler_threads = handler_threads,
        .connection = {.max_message_bytes = 200000,
                       .compression = {.use = CompressionOptions::Use::kOn}},
        .limits = {.max_connections = 12,
                   .max_buffered_bytes = 4 << 20,
                   .max_waiting_messages = 20,
                   .max_waiting_bytes = 300000},
        .timeouts = {.handshake = absl::Milliseconds(300),
                     .first_message = absl::Milliseconds(300),
                     .idle = absl::Milliseconds(600),
                     .ping_interval = absl::Milliseconds(200),
                     .pong = absl::Milliseconds(200),
                     .close = absl::Milliseconds(200)},
        .rates = {.messages = {.per_second = 20000, .burst = 500},
                  .request_grace = absl::Milliseconds(50)},
        .sending = {.max_queue_bytes = 500000, .pause_reading_bytes = 100000},
    };
    options.limits.max_connections_per_address = 12;
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(std::move(options), [this](const SessionRequest&, UpgradeResponse&) {
          return std::make_unique<SoakHandler>(counts_);
        });
    Check(server.status());
    server_ = *std::move(server);
  }

  // Lets the clients act for a time, ends the server during it, and checks the counts.
  void Run(absl::Duration duration, Random& random) {
    std::vector<std::thread> threads;
    for (int i = 0; i < absl::GetFlag(FLAGS_clients); ++i) {
      threads.emplace_back([this, seed = random()] {
        Random own(seed);
        while (!over_) OneClient(own);
      });
    }
    threads.emplace_back([this] {
      while (!over_) {
        Check(server_->ReloadCertificates());
        const absl::Status published =
            server_->Publish("news", Opcode::kText, absl::StrCat(kNews, "from outside"));
        // The clients that do not read may have filled the server's memory.
        if (!absl::IsResourceExhausted(published)) Check(published);
        absl::SleepFor(absl::Milliseconds(5));
      }
    });
    absl::SleepFor(duration);
    if (random() % 2 == 0) {
      server_->Drain(absl::Milliseconds(100), absl::Milliseconds(500));
    } else {
      server_->Shutdown(absl::Milliseconds(random() % 300));
    }
    over_ = true;
    for (std::thread& thread : threads) thread.join();
    if (server_->connections() != 0) Fail("connections are left of a server that has ended");
    server_.reset();
    if (counts_.opened != counts_.closed || counts_.opened != counts_.destroyed) {
      Fail(absl::StrCat(counts_.opened.load(), " sessions were opened, ", counts_.closed.load(),
                        " closed, ", counts_.destroyed.load(), " destroyed"));
    }
    if (counts_.opened == 0 || counts_.echoes == 0)
      Fail("no session was opened or no message echoed");
  }

  const Counts& counts() const { return counts_; }

 private:
  void OneClient(Random& random) {
    switch (random() % 8) {
      case 0:
        return Leave(random, testing::ClientFrame(Opcode::kText, "half").substr(0, random() % 10));
      case 1:
        return Leave(random, std::string(random() % 3000, static_cast<char>(random())));
      case 2:
        return NeverRead(random);
      case 3:
        return StopInTheHandshake(random);
      default:
        return Talk(random);
    }
  }

  // Like a normal program: messages and their echoes, over either endpoint. The server may end the
  // connection at any time, but must not return anything except the echoes.
  void Talk(Random& random) {
    const bool tls = random() % 3 == 0;
    ClientOptions options = {.tls = tls ? client_tls_ : nullptr,
                             .proxy = "direct",
                             .timeouts = {.connect = absl::Seconds(5),
                                          .send = absl::Seconds(5),
                                          .close = absl::Milliseconds(200)}};
    if (random() % 2 == 0) options.connection.compression.use = CompressionOptions::Use::kOn;
    const auto url = absl::StrCat(tls ? "wss" : "ws",
                                  "://localhost:", server_->addresses()[tls ? 1 : 0].port(), "/");
    absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(url, std::move(options));
    if (!client.ok()) return;
    static constexpr const char* kWords[] = {"publish", "unsubscribe", "ping", "close",
                                             "terminate"};
    for (int i = random() % 50; i > 0 && !over_; --i) {
      const std::string text =
          random() % 10 == 0
              ? kWords[random() % std::size(kWords)]
              : std::string(random() % (random() % 20 == 0 ? 250000 : 500), 'a' + random() % 26);
      if (!(*client)->SendText(text).ok() || !ReceiveEcho(**client, text)) return;
    }
    if (random() % 4 != 0) (*client)->Close().IgnoreError();
  }

  bool ReceiveEcho(Client& client, const std::string& text) {
    while (true) {
      const absl::StatusOr<Message> message = client.Receive(absl::Seconds(2));
      if (!message.ok()) return false;
      if (absl::StartsWith(message->payload, kNews)) continue;
      if (message->payload != text) Fail("an echo differs from its message");
      ++counts_.echoes;
      return true;
    }
  }

  absl::StatusOr<Stream> ConnectRaw(Random& random) {
    const SocketAddress& address = server_->addresses()[random() % 8 == 0 ? 1 : 0];
    return ConnectTo({address}, Deadline::After(absl::Seconds(5)));
  }

  static std::string UpgradeRequest() {
    return "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  }

  // Writes the bytes that the socket accepts at once; half of the time the end is a reset.
  static void SendAndEnd(Stream stream, absl::string_view bytes, Random& random) {
    stream.Write(bytes);
    if (random() % 2 == 0) return;
    const linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(stream.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }

  // Opens a session, sends garbage, and leaves.
  void Leave(Random& random, const std::string& last_words) {
    absl::StatusOr<Stream> stream = ConnectRaw(random);
    if (!stream.ok()) return;
    SendAndEnd(*std::move(stream), UpgradeRequest() + last_words, random);
  }

  // Leaves at any byte of the request, at once or after a while.
  void StopInTheHandshake(Random& random) {
    absl::StatusOr<Stream> stream = ConnectRaw(random);
    if (!stream.ok()) return;
    const std::string request = UpgradeRequest();
    stream->Write(request.substr(0, random() % request.size()));
    if (random() % 4 == 0) WaitReadable(*stream);
    SendAndEnd(*std::move(stream), "", random);
  }

  // Sends until the server accepts no more or closes.
  void NeverRead(Random& random) {
    absl::StatusOr<Stream> stream = ConnectRaw(random);
    if (!stream.ok()) return;
    stream->Write(UpgradeRequest());
    const std::string frame =
        testing::ClientFrame(Opcode::kBinary, std::string(random() % 100000, 'x'));
    absl::string_view rest = frame;
    while (!over_) {
      const IoResult put = stream->Write(rest);
      if (put.status == IoStatus::kError) return;
      rest.remove_prefix(put.bytes);
      if (rest.empty()) rest = frame;
      const Deadline deadline = Deadline::After(absl::Milliseconds(500));
      if (!put.ok() && !Wait(stream->fd(), Interest::kWrite, deadline).ok()) break;
    }
    SendAndEnd(*std::move(stream), "", random);
  }

  static void WaitReadable(const Stream& stream) {
    Wait(stream.fd(), Interest::kRead, Deadline::After(absl::Milliseconds(500))).IgnoreError();
  }

  const std::shared_ptr<TlsContext> client_tls_;
  Counts counts_;
  std::unique_ptr<Server> server_;
  std::atomic<bool> over_{false};
};

void Soak() {
  const std::string folder = absl::GetFlag(FLAGS_certificates);
  const auto server_tls =
      TlsContext::ForServer({.identities = {{.certificate_file = folder + "/server.pem",
                                             .private_key_file = folder + "/server.key"}}});
  Check(server_tls.status());
  const auto client_tls = TlsContext::ForClient({.ca_file = folder + "/ca.pem"});
  Check(client_tls.status());

  Random random(absl::GetFlag(FLAGS_seed));
  const absl::Duration duration = absl::GetFlag(FLAGS_duration);
  const absl::Duration life = std::min(duration / 4, absl::Seconds(10));
  const absl::Time end = absl::Now() + duration;
  uint64_t sessions = 0, echoes = 0;
  int64_t memory = 0, memory_then = 0;
  for (int lives = 1; absl::Now() < end; ++lives) {
    Life server(*server_tls, *client_tls, lives % 2 == 0 ? 2 : 0);
    server.Run(life, random);
    sessions += server.counts().opened;
    echoes += server.counts().echoes;
    malloc_trim(0);
    memory = ResidentBytes(getpid()).value_or(0);
    // by now everything that is created once has been created
    if (lives <= 2) memory_then = memory;
    absl::PrintF("%d servers, %d sessions, %d echoes, %d KiB\n", lives, sessions, echoes,
                 memory / 1024);
    std::fflush(stdout);
  }
  if (kMemoryIsOurs && memory > memory_then + kGrowthAllowed) {
    Fail(absl::StrCat("grew from ", memory_then, " bytes after two servers to ", memory));
  }
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Lets clients do anything to a server, for long.");
  absl::ParseCommandLine(argc, argv);
  weft::bench::Soak();
  return 0;
}
