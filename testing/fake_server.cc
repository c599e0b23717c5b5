#include "weft/testing/fake_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/event.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/http/http.h"
#include "weft/core/testing/feed.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"

namespace weft::testing {
namespace {

constexpr size_t kScratchBytes = 64 << 10;

std::shared_ptr<TlsContext> tls;  // of every server; null: none

SocketAddress AnyPort() { return *SocketAddress::FromIp("127.0.0.1", 0); }

// Its buffers are small, so that a test need not send much to fill them while a script does not
// read.
UniqueFd ListenAt(const SocketAddress& address) {
  UniqueFd listener = Listen(address).value();
  const int size = 64 << 10;
  EXPECT_EQ(setsockopt(listener.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
  return listener;
}

}  // namespace

FakePeer::FakePeer(Stream stream, const Notification& stop)
    : stream_(std::move(stream)),
      stop_(stop),
      connection_(Role::kServer, {.max_message_bytes = 256 << 20}),
      scratch_(kScratchBytes, '\0') {}

void FakePeer::StartTls(TlsContext& context) {
  const absl::Status status =
      stream_.is_tls() ? stream_.StartInnerTlsServer(context) : stream_.StartTlsServer(context);
  EXPECT_TRUE(status.ok()) << status;
}

// Appends what arrives next, at most `max_bytes`; false at the end of the stream.
bool FakePeer::Read(std::string* bytes, size_t max_bytes) {
  while (true) {
    const IoResult result =
        stream_.Read(absl::MakeSpan(&scratch_[0], std::min(max_bytes, scratch_.size())));
    if (result.ok()) {
      bytes->append(scratch_, 0, result.bytes);
      return true;
    }
    if (result.status != IoStatus::kWouldBlock) return false;
    if (!Wait(stream_.fd(), result.wanted, Deadline::Never(), &stop_).ok()) return false;
  }
}

std::string FakePeer::ReadRequest() {
  std::string request;
  while (!absl::EndsWith(request, "\r\n\r\n")) {
    if (!Read(&request, kScratchBytes)) return request;
  }
  return request;
}

std::string FakePeer::ReadBytes(size_t size) {
  std::string bytes;
  while (bytes.size() < size && Read(&bytes, size - bytes.size())) {
  }
  return bytes;
}

bool FakePeer::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const IoResult result = stream_.Write(bytes);
    if (result.ok()) {
      bytes.remove_prefix(result.bytes);
    } else if (result.status != IoStatus::kWouldBlock ||
               !Wait(stream_.fd(), result.wanted, Deadline::Never(), &stop_).ok()) {
      return false;
    }
  }
  return true;
}

void FakePeer::ReadToEnd() {
  std::string dropped;
  while (Read(&dropped, kScratchBytes)) dropped.clear();
}

absl::Status FakePeer::AwaitEnd() {
  while (true) {
    const IoResult result = stream_.Read(absl::MakeSpan(scratch_));
    if (result.ok()) continue;
    if (result.status != IoStatus::kWouldBlock) return stream_.Error(result);
    absl::Status status = Wait(stream_.fd(), result.wanted, Deadline::Never(), &stop_);
    if (!status.ok()) return status;
  }
}

bool FakePeer::HasEnded() {
  return stream_.Read(absl::MakeSpan(scratch_)).status == IoStatus::kEof;
}

void FakePeer::AwaitStop() { Wait(stop_.fd(), Interest::kRead, Deadline::Never()).IgnoreError(); }

void FakePeer::Shutdown() { stream_.ShutdownWrite(); }

void FakePeer::ShutdownTcp() { EXPECT_EQ(shutdown(stream_.fd(), SHUT_WR), 0); }

void FakePeer::Reset() {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  EXPECT_EQ(setsockopt(stream_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
  stream_.Close();
}

std::string FakePeer::Accept(absl::string_view request, absl::string_view subprotocol,
                             absl::string_view extensions) {
  const absl::StatusOr<HttpRequest> parsed = ParseHttpRequest(request);
  if (!parsed.ok()) return "";
  const std::string key = AcceptKey(parsed->headers.Find("Sec-WebSocket-Key").value_or(""));
  return absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
      "Sec-WebSocket-Accept: ", key, "\r\n",
      subprotocol.empty() ? "" : absl::StrCat("Sec-WebSocket-Protocol: ", subprotocol, "\r\n"),
      extensions.empty() ? "" : absl::StrCat("Sec-WebSocket-Extensions: ", extensions, "\r\n"),
      "\r\n");
}

void FakePeer::AcceptUpgrade(absl::string_view frames) {
  Write(absl::StrCat(Accept(ReadRequest()), frames));
}

void FakePeer::AcceptCompressed(const CompressionOptions& options, absl::string_view frames) {
  const std::string head = ReadRequest();
  const absl::StatusOr<HttpRequest> request = ParseHttpRequest(head);
  if (!request.ok()) return;  // the client has closed
  ExtensionList offers;
  ParseExtensions(request->headers.Find("Sec-WebSocket-Extensions").value_or(""), &offers)
      .IgnoreError();
  const std::optional<AcceptedDeflate> accepted =
      AcceptDeflate(offers, options).value_or(std::nullopt);
  if (accepted.has_value()) {
    connection_.UseDeflate(accepted->agreement, {.compression = options});
  }
  Write(absl::StrCat(Accept(head, "", accepted.has_value() ? accepted->extension : ""), frames));
}

// Reads once, or waits until there is something to read. False at the end of the stream.
bool FakePeer::FillConnection() {
  const IoResult result =
      stream_.Read(connection_.ReadBuffer(absl::MakeSpan(&scratch_[0], scratch_.size())));
  connection_.DidRead(result.bytes);
  if (result.ok()) return true;
  return result.status == IoStatus::kWouldBlock &&
         Wait(stream_.fd(), result.wanted, Deadline::Never(), &stop_).ok();
}

std::string FakePeer::Next() {
  while (true) {
    if (std::optional<Event> event = connection_.NextEvent()) return Describe(*event);
    if (!FillConnection()) return "end of the stream";
  }
}

void FakePeer::Answer() {
  Write(connection_.WriteBuffer());
  connection_.DidWrite(connection_.queued_bytes());
}

std::string FakePeer::EchoToEnd() {
  while (true) {
    while (std::optional<Event> event = connection_.NextEvent()) {
      if (event->type == Event::Type::kMessage) {
        EXPECT_TRUE(connection_.SendBorrowed(event->opcode, event->payload).ok());
        for (absl::string_view part : connection_.WriteBuffers()) Write(part);
        connection_.DidWrite(connection_.queued_bytes());
      }
      if (event->type == Event::Type::kClose) {
        std::string how = Describe(*event);
        Answer();
        Shutdown();
        stream_.Close();
        return how;
      }
    }
    Answer();
    if (!FillConnection()) return "end of the stream";
  }
}

FakeServer::FakeServer(Script script) : FakeServer(std::vector<Script>{std::move(script)}) {}

FakeServer::FakeServer(std::vector<Script> scripts)
    : FakeServer(AnyPort(), std::move(scripts), Clients::kOne) {}

FakeServer::FakeServer(const SocketAddress& address, Script script)
    : FakeServer(address, std::vector<Script>{std::move(script)}, Clients::kOne) {}

std::unique_ptr<FakeServer> FakeServer::ForEveryClient(Script script) {
  return absl::WrapUnique(new FakeServer(AnyPort(), {std::move(script)}, Clients::kAll));
}

void FakeServer::SpeakTls(std::shared_ptr<TlsContext> context) { tls = std::move(context); }

FakeServer::FakeServer(const SocketAddress& address, std::vector<Script> scripts, Clients clients)
    : listener_(ListenAt(address)),
      port_(LocalAddress(listener_.get()).port()),
      stop_(Notification::Create().value()),
      thread_([this, scripts = std::move(scripts), clients] {
        for (const Script& script : scripts) {
          do {
            if (!Wait(listener_.get(), Interest::kRead, Deadline::Never(), &stop_).ok()) return;
            Stream stream;
            if (!Accept(listener_.get(), &stream).ok()) return;
            FakePeer peer(std::move(stream), stop_);
            if (tls != nullptr) peer.StartTls(*tls);
            script(peer);
          } while (clients == Clients::kAll);
        }
      }) {}

FakeServer::~FakeServer() {
  stop_.Notify();
  Join();
}

void FakeServer::Join() {
  if (thread_.joinable()) thread_.join();
}

std::string FakeServer::url(absl::string_view resource) const {
  return absl::StrCat(tls != nullptr ? "wss" : "ws", "://127.0.0.1:", port_, resource);
}

}  // namespace weft::testing
