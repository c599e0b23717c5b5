// Fuzzes a whole session of a server, from the first byte of the handshake to the last: a worker
// with its loop, a socket pair, a clock that stands still, and a client that follows the input. For
// every input, the handler is called as promised and gets the messages in the bytes sent; the
// client gets HTTP and then valid frames; and no memory or connection is leaked.
// then valid frames, what the handler is given is what the bytes say, and nothing is left behind.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/encoded_message.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/http/http.h"
#include "weft/core/log.h"
#include "weft/core/message.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/require.h"
#include "weft/loop/clock.h"
#include "weft/sending/send_options.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"
#include "weft/server/http/page.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/served_stream.h"
#include "weft/server/server_options.h"
#include "weft/server/session.h"
#include "weft/server/session_ref.h"
#include "weft/server/topics/topic_directory.h"
#include "weft/server/worker.h"
#include "weft/testing/manual_clock.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft {
namespace {

using testing::Choices;
using testing::Require;
using testing::RequireReadable;

// The calls that the handler got, and how it answers.
struct Application {
  enum class State { kNone, kMade, kOpen, kClosed, kDestroyed };
  State state = State::kNone;
  bool only_echoes = false;
  std::vector<std::string> messages;  // opcode and payload
  std::vector<std::string> echoed;    // those that a send accepted
};

std::string Text(const Message& message) {
  return absl::StrCat(OpcodeName(message.opcode), " ", message.payload);
}

class FuzzHandler : public Handler {
 public:
  explicit FuzzHandler(Application& application) : application_(application) {
    Require(application.state == Application::State::kNone, "a client gets one handler");
    application_.state = Application::State::kMade;
  }
  ~FuzzHandler() override {
    Require(application_.state != Application::State::kOpen, "OnClose is called after OnOpen");
    application_.state = Application::State::kDestroyed;
  }

  void OnOpen(Session& session) override {
    Require(application_.state == Application::State::kMade, "OnOpen is the first call, once");
    application_.state = Application::State::kOpen;
    if (application_.only_echoes) return;
    session.Subscribe("topic").IgnoreError();
    session.SendText("welcome").IgnoreError();
  }

  void OnMessage(Session& session, const Message& message) override {
    Require(application_.state == Application::State::kOpen, "messages come while it is open");
    application_.messages.push_back(Text(message));
    if (session.Send(message).ok()) application_.echoed.push_back(Text(message));
    if (!application_.only_echoes && !message.payload.empty()) Act(session, message);
  }

  void OnWritable(Session& session) override {
    Require(application_.state == Application::State::kOpen, "there is room while it is open");
    if (!application_.only_echoes) session.SendText("room").IgnoreError();
  }

  void OnClose(Session& session, const CloseInfo& /*info*/) override {
    Require(application_.state == Application::State::kOpen, "OnClose is called once");
    application_.state = Application::State::kClosed;
    Require(!session.SendText("too late").ok(), "nothing is sent after the end");
    Require(!session.Post(Later()).ok() && !session.RunAfter({}, Later()).ok(),
            "nothing is called after the end");
  }

 private:
  // Acts as the first byte of the message says.
  void Act(Session& session, const Message& message) {
    switch (message.payload[0]) {
      case 'c':
        session.Close(CloseCode::kGoingAway, "as you wish").IgnoreError();
        break;
      case 't':
        session.Terminate();
        break;
      case 'p':
        session.SendPing(message.payload.substr(0, 10)).IgnoreError();
        break;
      case 'a':
        session.Publish("topic", message.opcode, message.payload).IgnoreError();
        break;
      case 'u':
        session.Unsubscribe("topic");
        break;
      case 'f':
        session.SendFragment(Opcode::kBinary, message.payload, /*fin=*/false).IgnoreError();
        break;
      case 'e':
        session.SendFragment(Opcode::kBinary, "", /*fin=*/true).IgnoreError();
        break;
      case 'r':
        session.ref().SendText("by reference", {.compress = Compress::kNo}).IgnoreError();
        break;
      case 'k':
        session.Send(message, {.key = message.payload.substr(0, 2)}).IgnoreError();
        break;
      case 'o':
        session.Send(message, {.when_full = WhenFull::kDropOldest}).IgnoreError();
        break;
      case 'q':
        session.Post(Later()).IgnoreError();
        break;
      case 'l':
        timer_ = session.RunAfter(absl::Milliseconds(10 * message.payload.size()), Later())
                     .value_or(TimerId());
        break;
      case 'x':
        Require(!session.CancelTimer(timer_) || !session.CancelTimer(timer_), "it is gone");
        break;
      case 'm':  // more than a socket takes
        for (int i = 0; i < 10; ++i) session.SendBinary(std::string(50000, 'm')).IgnoreError();
        break;
      default:
        break;
    }
  }

  SessionCallback Later() {
    return [this](Session& session) {
      Require(application_.state == Application::State::kOpen, "callbacks come while it is open");
      session.SendText("later").IgnoreError();
    };
  }

  Application& application_;
  TimerId timer_;
};

// A request without an upgrade gets its body back.
absl::StatusOr<PageResponse> Page(const PageRequest& request) {
  if (request.path() == "/none") return absl::NotFoundError("there is none");
  if (request.path() == "/wrong") return PageResponse{.status = 7};
  return PageResponse{.body = std::string(request.body)};
}

ServerOptions ChooseOptions(Choices& choices, const Clock& clock) {
  using Use = CompressionOptions::Use;
  ServerOptions options = {.for_tests = {.clock = &clock, .random = [] { return 0.5; }}};
  options.hooks.log = [](LogLevel, absl::string_view text) { RequireReadable(text); };
  options.connection.compression = {
      .use = choices.Of({Use::kOn, Use::kOff, Use::kRequired}),
      .send_takeover = choices.Below(2) == 0,
      .receive_takeover = choices.Below(2) == 0,
      .min_bytes = choices.Below(2) * 64,
      .release_when_idle = choices.Below(2) != 0,
  };
  if (choices.Below(2) != 0) options.connection.max_message_bytes = 1000;
  if (choices.Below(2) != 0) options.connection.max_fragments = 3;
  if (choices.Below(2) != 0) options.sending.max_queue_bytes = 5000;
  options.sending.when_full = choices.Of(
      {WhenFull::kFail, WhenFull::kDropNewest, WhenFull::kDropOldest, WhenFull::kDisconnect});
  if (choices.Below(2) != 0) options.sending.pause_reading_bytes = 500;
  if (choices.Below(8) == 7) options.limits.max_compression_bytes = 0;
  if (choices.Below(8) == 7) options.limits.max_buffered_bytes = 20000;
  if (choices.Below(4) == 3) options.timeouts.idle = absl::Minutes(1);
  if (choices.Below(2) != 0) options.http.pages = Page;
  if (choices.Below(4) == 3) options.timeouts.first_message = absl::Seconds(5);
  if (choices.Below(4) == 3) {
    options.rates.messages = {.per_second = 100, .burst = 3};
    options.rates.over_rate = choices.Of({OverRate::kDelay, OverRate::kClose});
  }
  return options;
}

// One client and its worker. Each step is a task of the loop, which sees the effects of a step in
// its next turn, before the next step.
class Run : public WorkerGroup {
 public:
  explicit Run(Choices& choices)
      : choices_(choices),
        options_(ChooseOptions(choices, clock_)),
        acceptor_([this](const SessionRequest&, UpgradeResponse&) {
          return std::make_unique<FuzzHandler>(application_);
        }),
        worker_(options_, acceptor_, *this, 0) {
    application_.only_echoes = choices.Below(2) != 0;
    undisturbed_ = application_.only_echoes && !options_.rates.messages.is_limited() &&
                   options_.sending.when_full != WhenFull::kDisconnect &&
                   options_.limits.max_buffered_bytes == ServerOptions().limits.max_buffered_bytes;
    int fds[2];
    Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0,
            "there are sockets");
    client_ = UniqueFd(fds[0]);
    const int small = 4096;
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    Stream stream{UniqueFd(fds[1])};
    ++worker_.load();
    const bool full = choices.Below(8) == 7;
    if (full) ++refusing_;
    worker_.Adopt({.stream = std::move(stream)}, full ? Refusal::kServerFull : Refusal::kNone);
    if (choices.Below(4) != 0) SendRequest();
  }

  void Go() {
    const size_t compression_bytes = worker_.context().compression_bytes_left();
    NextStep();
    worker_.Run();
    Require(worker_.load() == 0 && refusing_ == 0, "the client is gone");
    Require(worker_.context().metrics().buffered_bytes == 0, "... with its buffers");
    Require(worker_.context().compression_bytes_left() == compression_bytes, "... and compressors");
    Require(application_.state == Application::State::kNone ||
                application_.state == Application::State::kDestroyed,
            "... and handler");
    CheckOutput();
  }

  // WorkerGroup.
  ServerMetrics metrics() const override { return {}; }
  void Assign(Worker*, Arrival) override {}
  std::atomic<size_t>& refusing() override { return refusing_; }
  bool Enter(const SocketAddress&) override { return true; }
  void Leave(const SocketAddress&) override {}
  bool draining() const override { return draining_; }
  absl::Duration broker_away() const override { return absl::ZeroDuration(); }
  absl::Status PublishToOthers(const LoopContext*, absl::string_view, const EncodedMessage&,
                               const SendOptions&) override {
    return absl::OkStatus();
  }
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override {
    return worker_.context().Publish(topic, message, options);
  }
  void Publish(absl::string_view topic, const EncodedMessage& message, const SendOptions& options,
               PublishCallback done) override {
    worker_.context().Publish(topic, message, options, std::move(done)).IgnoreError();
  }
  TopicBrokers* topic_brokers() override { return nullptr; }
  size_t subscribers(absl::string_view topic) const override { return topics_.Subscribers(topic); }
  TopicDirectory& topics() override { return topics_; }
  bool CameByLoopback(int) const override { return false; }
  bool MayEnd(const Worker*) override { return true; }

  ThreadPool* handler_pool() override { return nullptr; }
  ExceptionGuard& guard() override { return guard_; }

 private:
  void NextStep() {
    Require(worker_.mailbox()->Post([this] { Step(); }), "the loop goes on until it is stopped");
  }

  void Step() {
    if (!choices_.done()) {
      Act();
      Flush();
    } else if (const size_t unsent = unsent_.size();
               Flush(), Receive() > 0 || unsent_.size() < unsent) {
      quiet_steps_ = 0;
    } else if (++quiet_steps_ == 3) {  // nothing moves anymore
      all_was_read_ = unsent_.empty();
      client_.reset();
    } else if (quiet_steps_ > 5 && worker_.load() > 0) {
      clock_.AdvanceMs(20000);
      Require(quiet_steps_ < 50, "every client ends");
    } else if (quiet_steps_ > 5) {
      return worker_.Stop();
    }
    NextStep();
  }

  void Act() {
    static constexpr int kWaits[] = {1, 20, 1000, 2500, 6000, 12000, 31000, 61000};
    switch (choices_.Below(12)) {
      case 0:
      case 1:
        return Send(choices_.Bytes(choices_.Below(256)));
      case 2:
      case 3:
      case 4:
        return SendFrame();
      case 5:
        return SendCompressed();
      case 6:
      case 7:
        Receive();
        return;
      case 8:
        undisturbed_ = false;
        return clock_.AdvanceMs(choices_.Of(kWaits));
      case 9: {
        const auto message = EncodedMessage::Make(
            Opcode::kText, std::string(choices_.Below(256) * 16, 'n'), Compress::kYes);
        return worker_.context().PublishHere("topic", *message, {});
      }
      case 10:
        return Send(
            testing::ClientFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kNormal)));
      default:
        return End();
    }
  }

  // Ends the client or the server.
  void End() {
    undisturbed_ = false;
    switch (choices_.Below(8)) {
      case 0:
        shutdown(client_.get(), SHUT_WR);
        break;
      case 1:
        client_.reset();
        break;
      case 2:
        worker_.GoAway();
        break;
      case 3:
        draining_ = true;
        worker_.Drain(0, 1000);
        break;
      default:
        break;
    }
  }

  void SendRequest() {
    static constexpr absl::string_view kOffers[] = {
        "", "permessage-deflate", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9"};
    const std::string offer(choices_.Of(kOffers));
    Send(absl::StrCat("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
                      "Sec-WebSocket-Version: 13\r\n",
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                      offer.empty() ? "" : "Sec-WebSocket-Extensions: ", offer,
                      offer.empty() ? "" : "\r\n", "\r\n"));
  }

  // A frame with any first byte; part of the payload is not in the input.
  void SendFrame() {
    const uint8_t first = static_cast<uint8_t>(choices_.Below(256));
    std::string payload(choices_.Bytes(choices_.Below(16)));
    payload.append(choices_.Of({0, 0, 10, 120, 126, 2000}), 'x');
    SendFrame(first, payload);
  }

  void SendFrame(uint8_t first, absl::string_view payload) {
    std::string frame = testing::ClientFrame(Opcode::kText, payload);
    frame[0] = static_cast<char>(first);
    Send(frame);
  }

  void SendCompressed() {
    std::string text(choices_.Bytes(choices_.Below(16)));
    text.append(choices_.Of({0, 50, 900, 3000, 200000}), 'x');
    std::string deflated(deflater_.Bound(text.size()), '\0');
    deflated.resize(deflater_.Deflate(text, /*last=*/true, deflated.data()));
    if (choices_.Below(2) != 0) deflater_.Reset();
    SendFrame(choices_.Of<uint8_t>({0xC1, 0xC2}), deflated);
  }

  void Send(absl::string_view bytes) {
    unsent_.append(bytes.data(), bytes.size());
    Flush();
  }

  void Flush() {
    while (!unsent_.empty()) {
      const ssize_t sent = send(client_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent <= 0) return unsent_.clear();  // the server has closed
      sent_.append(unsent_, 0, sent);
      unsent_.erase(0, sent);
    }
  }

  size_t Receive() {
    char buffer[65536];
    const ssize_t size = recv(client_.get(), buffer, sizeof buffer, 0);
    if (size <= 0) return 0;
    received_.append(buffer, size);
    return size;
  }

  // ---- Checks ----

  void CheckOutput() {
    const size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const absl::StatusOr<HttpResponse> response =
        ParseHttpResponse(absl::string_view(received_).substr(0, end + 4));
    Require(response.ok(), "the answer is HTTP");
    if (response->status != 101) {
      if (options_.http.pages != nullptr) return;  // a later request may be an upgrade
      Require(response->status >= 400, "no upgrade is an error");
      Require(application_.state == Application::State::kNone, "... and no session");
      return;
    }
    Require(application_.state == Application::State::kDestroyed, "there was a session");
    ExtensionList extensions;
    if (const auto header = response->headers.Find("Sec-WebSocket-Extensions")) {
      Require(ParseExtensions(*header, &extensions).ok(), "extensions are a list");
    }
    const auto deflate = CheckDeflateResponse(extensions, {.use = CompressionOptions::Use::kOn});
    Require(deflate.ok(), "a client accepts what was chosen");
    CheckFrames(absl::string_view(received_).substr(end + 4), *deflate);
    CheckMessages(*deflate);
  }

  // The messages of a connection that reads `bytes`.
  static std::vector<std::string> Messages(Connection& connection, absl::string_view bytes) {
    std::vector<std::string> messages;
    std::vector<char> scratch(64 << 10);
    while (!bytes.empty()) {
      const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
      const size_t size = std::min(bytes.size(), into.size());
      std::memcpy(into.data(), bytes.data(), size);
      bytes.remove_prefix(size);
      connection.DidRead(size);
      while (const std::optional<Event> event = connection.NextEvent()) {
        if (event->type == Event::Type::kMessage) messages.push_back(Text(*event));
      }
    }
    return messages;
  }

  void CheckFrames(absl::string_view frames, const std::optional<DeflateAgreement>& deflate) {
    const ConnectionOptions options = {.max_message_bytes = 1 << 30};
    Connection client(Role::kClient, options);
    if (deflate.has_value()) client.UseDeflate(*deflate, options);
    const std::vector<std::string> messages = Messages(client, frames);
    Require(client.status().ok(), client.status().ToString().c_str());
    const bool all = undisturbed_ && all_was_read_ && options_.sending.when_full == WhenFull::kFail;
    if (all) Require(messages == application_.echoed, "what was taken for sending has arrived");
  }

  // The handler must get a prefix of the messages that a bare connection reads from the same bytes,
  // and all of them if nothing disturbed the run.
  void CheckMessages(const std::optional<DeflateAgreement>& deflate) {
    const absl::StatusOr<size_t> head = HttpHeadScanner(options_.http.limits).Scan(sent_);
    Require(head.ok() && *head > 0, "an accepted client has sent a request");
    Connection server(Role::kServer, options_.connection);
    if (deflate.has_value()) {
      server.UseDeflate({.receive_takeover = deflate->send_takeover,
                         .receive_window_bits = deflate->send_window_bits},
                        options_.connection);
    }
    const std::vector<std::string> meant = Messages(server, absl::string_view(sent_).substr(*head));
    const std::vector<std::string>& got = application_.messages;
    Require(got.size() <= meant.size() && std::equal(got.begin(), got.end(), meant.begin()),
            "the handler gets what the bytes say");
    if (undisturbed_ && all_was_read_) Require(got == meant, "... and all of it");
  }

  Choices& choices_;
  testing::ManualClock clock_;
  const ServerOptions options_;
  Application application_;
  const Acceptor acceptor_;
  TopicDirectory topics_{nullptr};
  ExceptionGuard guard_{[](absl::string_view, absl::string_view) {}};
  std::atomic<size_t> refusing_{0};
  Worker worker_;
  UniqueFd client_;
  Deflater deflater_{{.window_bits = 9, .memory_level = 1}};  // fits all windows
  std::string unsent_, sent_, received_;
  bool undisturbed_ = false;  // no time passes, and the handler only echoes
  bool all_was_read_ = false;
  bool draining_ = false;
  int quiet_steps_ = 0;
};

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weft::testing::Choices choices({reinterpret_cast<const char*>(data), size});
  // On the heap, because AddressSanitizer's stack does not align a worker.
  std::make_unique<weft::Run>(choices)->Go();
  return 0;
}
