#include "weft/testing/test_client.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/wait.h"

namespace weft::testing {
namespace {

Deadline Soon() { return Deadline::After(absl::Minutes(2)); }

}  // namespace

TestClient::TestClient(const SocketAddress& server) {
  absl::StatusOr<Stream> stream = ConnectTo({server}, Soon());
  if (!stream.ok()) {
    ADD_FAILURE() << stream.status();
    return;
  }
  stream_ = *std::move(stream);
}

std::string TestClient::StartTls(TlsContext& context) {
  if (absl::Status status = stream_.StartTlsClient(context, "localhost"); !status.ok()) {
    return std::string(status.message());
  }
  while (true) {
    const IoResult result = stream_.Handshake();
    if (result.ok()) return "";
    if (result.status == IoStatus::kError) return std::string(stream_.Error(result).message());
    if (!Wait(stream_.fd(), result.wanted, Soon()).ok()) return "timeout";
  }
}

std::string TestClient::UpgradeRequest(absl::string_view target, absl::string_view headers) {
  return absl::StrCat("GET ", target,
                      " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: "
                      "Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\n",
                      headers, "\r\n");
}

std::string TestClient::Upgrade(absl::string_view target, absl::string_view headers) {
  Send(UpgradeRequest(target, headers));
  const std::string head = ReadHead();
  return head.substr(0, head.find('\r'));
}

void TestClient::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const IoResult result = stream_.Write(bytes);
    if (result.ok()) {
      bytes.remove_prefix(result.bytes);
    } else if (result.status != IoStatus::kWouldBlock ||
               !Wait(stream_.fd(), result.wanted, Soon()).ok()) {
      return;  // reading shows what the server did
    }
  }
}

void TestClient::SendText(absl::string_view text) { Send(ClientFrame(Opcode::kText, text)); }

void TestClient::SendClose(int code) {
  Send(ClientFrame(Opcode::kClose, ClosePayload(static_cast<CloseCode>(code))));
}

std::string TestClient::Fill() {
  std::vector<char> bytes(64 << 10);
  while (true) {
    const IoResult result = stream_.Read(absl::MakeSpan(bytes));
    if (result.ok()) {
      buffer_.append(bytes.data(), result.bytes);
      return "";
    }
    if (result.status == IoStatus::kEof) return "end";
    if (result.status == IoStatus::kError) {
      if (result.error == ECONNRESET) return "reset";
      return std::string(stream_.Error(result).message());
    }
    if (!Wait(stream_.fd(), result.wanted, Soon()).ok()) {
      ADD_FAILURE() << "the server sent nothing for two minutes";
      return "timeout";
    }
  }
}

std::string TestClient::ReadHead() {
  size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (std::string why = Fill(); !why.empty()) return why;
  }
  std::string head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  return head;
}

std::string TestClient::ReadFrame() {
  while (true) {
    FrameHeader header;
    const size_t size = DecodeFrameHeader(buffer_, &header);
    if (size != 0 && header.payload_length <= buffer_.size() - size) {
      const size_t frame = size + header.payload_length;
      std::string text = DescribeFrames(absl::string_view(buffer_).substr(0, frame))[0];
      buffer_.erase(0, frame);
      return text;
    }
    if (std::string why = Fill(); !why.empty()) return why;
  }
}

std::string TestClient::ReadBytes(size_t size) {
  while (buffer_.size() < size && Fill().empty()) {
  }
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return bytes;
}

std::string TestClient::ReadToEnd() {
  while (Fill().empty()) {
  }
  return std::exchange(buffer_, "");
}

void TestClient::Reset() {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(stream_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  stream_.Close();
}

}  // namespace weft::testing
