// Fuzzes a whole session of an asynchronous client, from the dial to its last call: a worker with
// its loop, a clock that stands still, and a proxy and a server on a socket that follow the input,
// and fail in any step: they refuse, reset, end their stream, say nothing, or send anything. For
// every input, the handler gets one end, and the messages in the bytes sent, and the server
// gets HTTP and then valid frames; and no memory or connection is leaked.

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
#include "absl/types/span.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/client_worker.h"
#include "weft/client/async/host_turns.h"
#include "weft/client/async/loop_client.h"
#include "weft/client/async/testing/fuzz_handler.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/http/http.h"
#include "weft/core/log.h"
#include "weft/core/message.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/require.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/exception_guard.h"
#include "weft/sending/send_options.h"
#include "weft/testing/manual_clock.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

using testing::Application;
using testing::Choices;
using testing::FuzzHandler;
using testing::Require;
using testing::RequireReadable;
using testing::ServerFrame;
using testing::Text;

// The way to the server: what the client meets first on the socket.
enum class Way { kDirect, kTls, kHttpProxy, kSocksProxy, kRefused };

// ---- The network ----

// Of all runs: a port each would use up the ports.
int Listener() {
  static const UniqueFd& listener =
      *new UniqueFd(Listen(*SocketAddress::FromIp("127.0.0.1", 0)).value());
  return listener.get();
}

// A port on which nothing listens.
uint16_t RefusedPort() {
  static const UniqueFd& bound = *[] {
    auto* fd = new UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t size = SocketAddress::FromIp("127.0.0.1", 0)->ToSockaddr(&storage);
    Require(bind(fd->get(), reinterpret_cast<sockaddr*>(&storage), size) == 0, "there is a port");
    return fd;
  }();
  return LocalAddress(bound.get()).port();
}

// Also lets no port wait for late segments of a closed connection.
void Reset(Stream& stream) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (stream.is_open()) {
    setsockopt(stream.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  stream.Close();
}

ClientOptions ChooseOptions(Choices& choices, Way way) {
  using Use = CompressionOptions::Use;
  static const auto* const tls = new std::shared_ptr<TlsContext>(testing::TestTlsClient());
  ClientOptions options;
  options.tls = *tls;
  const uint16_t port = LocalAddress(Listener()).port();
  options.proxy = way == Way::kHttpProxy    ? absl::StrCat("http://joe:hunter2@127.0.0.1:", port)
                  : way == Way::kSocksProxy ? absl::StrCat("socks5://127.0.0.1:", port)
                                            : "direct";
  options.http.max_redirects = 2;
  options.hooks.log = [](LogLevel, absl::string_view text) { RequireReadable(text); };
  options.connection.compression = {
      .use = choices.Of({Use::kOn, Use::kOff, Use::kRequired}),
      .send_takeover = choices.Below(2) == 0,
      .receive_takeover = choices.Below(2) == 0,
      .min_bytes = choices.Below(2) * 64,
      .release_when_idle = choices.Below(2) != 0,
  };
  options.connection.stream_messages = choices.Below(4) == 3;
  if (choices.Below(2) != 0) options.connection.max_message_bytes = 1000;
  if (choices.Below(2) != 0) options.connection.max_fragments = 3;
  return options;
}

ClientLoopOptions ChooseLoopOptions(Choices& choices, const Clock& clock) {
  ClientLoopOptions options = {.threads = 0,
                               .for_tests = {.clock = &clock, .random = [] { return 0.5; }}};
  if (choices.Below(2) != 0) options.sending.max_queue_bytes = 5000;
  options.sending.when_full = choices.Of(
      {WhenFull::kFail, WhenFull::kDropNewest, WhenFull::kDropOldest, WhenFull::kDisconnect});
  if (choices.Below(2) != 0) options.sending.pause_reading_bytes = 500;
  return options;
}

// One client and its worker. Each step is a task of the loop, which sees the effects of a step in
// its next turn, before the next step.
class Run {
 public:
  explicit Run(Choices& choices)
      : choices_(choices),
        way_(choices.Of(
            {Way::kDirect, Way::kTls, Way::kHttpProxy, Way::kSocksProxy, Way::kRefused})),
        loop_options_(ChooseLoopOptions(choices, clock_)),
        client_options_(ChooseOptions(choices, way_)),
        worker_(loop_options_, lookup_, turns_, guard_) {
    application_.only_echoes = choices.Below(2) != 0;
    undisturbed_ = application_.only_echoes;
    const uint16_t port = way_ == Way::kRefused ? RefusedPort() : LocalAddress(Listener()).port();
    const std::string url =
        absl::StrCat(way_ == Way::kTls ? "wss" : "ws", "://127.0.0.1:", port, "/");
    worker_.Expect();
    worker_.mailbox()->Post([this, url] {
      worker_.Adopt(std::make_unique<LoopClient>(worker_.context(), url, client_options_,
                                                 std::make_unique<FuzzHandler>(application_),
                                                 LoopClient::MakeShared(worker_.context())));
    });
  }

  void Go() {
    NextStep();
    worker_.Run();
    Reset(peer_);
    while (Accept(Listener(), &peer_).ok()) Reset(peer_);
    Require(worker_.connections() == 0, "the connection is gone");
    Require(worker_.mailbox()->budget().taken() == 0, "... with its buffers");
    Require(application_.state == Application::State::kDestroyed, "... and its handler");
    CheckOutput();
  }

 private:
  void NextStep() {
    Require(worker_.mailbox()->Post([this] { Step(); }), "the loop goes on until it is stopped");
  }

  void Step() {
    AcceptNext();
    if (!choices_.done()) {
      Act();
      Flush();
    } else if (const size_t unsent = unsent_.size();
               Flush(), Receive() > 0 || unsent_.size() < unsent) {
      quiet_steps_ = 0;
    } else if (++quiet_steps_ == 5) {  // nothing moves anymore
      all_was_read_ = unsent_.empty();
      Reset(peer_);
    } else if (quiet_steps_ > 7 && worker_.connections() > 0) {
      clock_.AdvanceMs(20000);
      Require(quiet_steps_ < 60, "every connection ends");
    } else if (quiet_steps_ > 7) {
      return worker_.Stop();
    }
    NextStep();
  }

  void Act() {
    static constexpr int kWaits[] = {1, 20, 1000, 2500, 6000, 12000, 31000, 61000};
    switch (choices_.Below(14)) {
      case 0:
      case 1:
        return SendAnything(choices_.Bytes(choices_.Below(256)));
      case 2:
      case 3:
      case 4:
        return SendFrame();
      case 5:
      case 6:
        Receive();
        return;
      case 7:
      case 8:
      case 9:
        return Answer();
      case 10:
        undisturbed_ = false;
        return clock_.AdvanceMs(choices_.Of(kWaits));
      case 11:
        return SendAnything(ServerFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kNormal)));
      case 12:
        undisturbed_ = false;
        return Use();
      default:
        return Fail();
    }
  }

  // The application uses its reference.
  void Use() {
    const ClientRef& ref = application_.ref;
    switch (choices_.Below(6)) {
      case 0:
        return ref.Close().IgnoreError();
      case 1:
        return ref.Terminate().IgnoreError();
      case 2:
        return ref.SendBinary(std::string(choices_.Below(256) * 100, 'r')).IgnoreError();
      case 3:
        return worker_.Drain(1000);
      case 4:
        return worker_.Drain(0);
      default:
        if (!application_.ref.Post([](AsyncClient&) { throw 1; }).ok()) return;
    }
  }

  // The network or the server fails.
  void Fail() {
    undisturbed_ = false;
    switch (choices_.Below(4)) {
      case 0:
        peer_.ShutdownWrite();
        break;
      case 1:
        shutdown(peer_.fd(), SHUT_WR);
        break;
      case 2:
        Reset(peer_);
        break;
      default:
        peer_.Close();
    }
  }

  // ---- The server ----

  // The client comes again after a redirect.
  void AcceptNext() {
    Stream next;
    if (!Accept(Listener(), &next).ok()) return;
    Reset(peer_);
    peer_ = std::move(next);
    const int small = 4096;
    setsockopt(peer_.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    static const auto* const tls = new std::shared_ptr<TlsContext>(testing::TestTlsServer());
    if (way_ == Way::kTls) Require(peer_.StartTlsServer(**tls).ok(), "TLS starts");
    unsent_.clear();
    sent_.clear();
    received_.clear();
    answered_ = 0;
    upgraded_ = strayed_ = false;
  }

  // Answers what the client has asked last, as it would like or not quite.
  void Answer() {
    Receive();
    if (upgraded_ || !unsent_.empty()) return;
    const absl::string_view asked = absl::string_view(received_).substr(answered_);
    answered_ = received_.size();
    const uint32_t how = choices_.Below(8);
    if (absl::StartsWith(asked, "CONNECT ")) {
      return Send(how == 7 ? "HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n"
                           : "HTTP/1.1 200 OK\r\n\r\n");
    }
    if (absl::StartsWith(asked, "\x05\x01") && asked.size() < 5) {
      return Send(absl::string_view("\x05\x00", 2));
    }
    if (absl::StartsWith(asked, "\x05")) {
      return Send(absl::string_view("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10));
    }
    const absl::StatusOr<HttpRequest> request = ParseHttpRequest(asked);
    if (!request.ok()) return;
    if (how == 7) return Send("HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n");
    if (how == 6) return Send("HTTP/1.1 503 x\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nlate");
    static constexpr absl::string_view kAgreements[] = {
        "", "permessage-deflate", "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9; client_no_context_takeover"};
    const absl::string_view agreement = choices_.Of(kAgreements);
    upgraded_ = true;
    sent_.clear();
    Send(absl::StrCat("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
                      agreement.empty() ? "" : "Sec-WebSocket-Extensions: ", agreement,
                      agreement.empty() ? "" : "\r\n", "Sec-WebSocket-Accept: ",
                      AcceptKey(request->headers.Find("Sec-WebSocket-Key").value_or("")),
                      "\r\n\r\n"));
  }

  // A frame with any first byte; part of the payload is not in the input.
  void SendFrame() {
    const uint8_t first = static_cast<uint8_t>(choices_.Below(256));
    std::string payload(choices_.Bytes(choices_.Below(16)));
    payload.append(choices_.Of({0, 0, 10, 120, 126, 2000}), 'x');
    std::string frame = ServerFrame(Opcode::kText, payload);
    frame[0] = static_cast<char>(first);
    SendAnything(frame);
  }

  // Sends bytes that are not an answer.
  void SendAnything(absl::string_view bytes) {
    if (!upgraded_) strayed_ = true;
    Send(bytes);
  }

  void Send(absl::string_view bytes) {
    unsent_.append(bytes.data(), bytes.size());
    Flush();
  }

  void Flush() {
    while (!unsent_.empty()) {
      if (!peer_.is_open()) return unsent_.clear();
      const IoResult result = peer_.Write(unsent_);
      if (result.status == IoStatus::kWouldBlock) return;
      if (!result.ok()) return unsent_.clear();  // the client has closed
      sent_.append(unsent_, 0, result.bytes);
      unsent_.erase(0, result.bytes);
    }
  }

  size_t Receive() {
    if (!peer_.is_open()) return 0;
    char buffer[65536];
    const IoResult result = peer_.Read(absl::MakeSpan(buffer));
    if (!result.ok()) return 0;
    received_.append(buffer, result.bytes);
    return result.bytes;
  }

  // ---- Checks ----

  void CheckOutput() {
    if (!upgraded_ || strayed_) return;
    const absl::string_view frames = absl::string_view(received_).substr(answered_);
    if (!application_.opened) {
      Require(application_.messages.empty(), "no message comes before OnOpen");
      return CheckFrames(frames, std::nullopt);  // none, or a Close frame that says why
    }
    const absl::StatusOr<size_t> head = HttpHeadScanner(HttpLimits()).Scan(sent_);
    Require(head.ok() && *head > 0, "an open connection was accepted");
    const absl::StatusOr<HttpResponse> response =
        ParseHttpResponse(absl::string_view(sent_).substr(0, *head));
    Require(response.ok(), "... by a response");
    ExtensionList extensions;
    if (const auto header = response->headers.Find("Sec-WebSocket-Extensions")) {
      Require(ParseExtensions(*header, &extensions).ok(), "extensions are a list");
    }
    const auto deflate = CheckDeflateResponse(extensions, client_options_.connection.compression);
    Require(deflate.ok(), "... that is an answer to the offer");
    CheckFrames(frames, *deflate);
    CheckMessages(absl::string_view(sent_).substr(*head), *deflate);
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
    Connection server(Role::kServer, options);
    if (deflate.has_value()) {
      server.UseDeflate({.receive_takeover = deflate->send_takeover,
                         .receive_window_bits = deflate->send_window_bits},
                        options);
    }
    const std::vector<std::string> messages = Messages(server, frames);
    Require(server.status().ok(), server.status().ToString().c_str());
    const bool all = undisturbed_ && all_was_read_ &&
                     loop_options_.sending.when_full == WhenFull::kFail &&
                     !client_options_.connection.stream_messages;
    if (all) Require(messages == application_.echoed, "what was taken for sending has arrived");
  }

  // The handler must get a prefix of the messages that a bare connection reads from the same bytes.
  void CheckMessages(absl::string_view bytes, const std::optional<DeflateAgreement>& deflate) {
    if (client_options_.connection.stream_messages) return;  // cut anywhere
    Connection client(Role::kClient, client_options_.connection);
    if (deflate.has_value()) client.UseDeflate(*deflate, client_options_.connection);
    const std::vector<std::string> meant = Messages(client, bytes);
    const std::vector<std::string>& got = application_.messages;
    Require(got.size() <= meant.size() && std::equal(got.begin(), got.end(), meant.begin()),
            "the handler gets what the bytes say");
    if (undisturbed_ && all_was_read_) Require(got == meant, "... and all of it");
  }

  Choices& choices_;
  testing::ManualClock clock_;
  const Way way_;
  const ClientLoopOptions loop_options_;
  const ClientOptions client_options_;
  Application application_;
  AddressLookup lookup_;
  HostTurns turns_{1};
  ExceptionGuard guard_{[](absl::string_view, absl::string_view) {}};
  ClientWorker worker_;
  Stream peer_;
  std::string unsent_, sent_, received_;  // of the last connection; sent: from the response on
  size_t answered_ = 0;                   // bytes of received_
  bool upgraded_ = false;
  bool strayed_ = false;      // other bytes were sent before the answer
  bool undisturbed_ = false;  // no time passes, and the handler only echoes
  bool all_was_read_ = false;
  int quiet_steps_ = 0;
};

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weft::testing::Choices choices({reinterpret_cast<const char*>(data), size});
  std::make_unique<weft::Run>(choices)->Go();
  return 0;
}
