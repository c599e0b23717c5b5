// Weft's client, with the commands of the peers, and --compression.

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/parse.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "e2e/interop/peers/peer.h"
#include "examples/compression_flag.h"
#include "weft/client/client.h"

namespace {

void Check(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

class Socket : public peer::Socket {
 public:
  explicit Socket(std::unique_ptr<weft::Client> client) : client_(std::move(client)) {}

  void Send(const peer::Message& message) override {
    Check(message.text ? client_->SendText(message.data) : client_->SendBinary(message.data));
  }

  peer::Message Receive() override {
    const absl::StatusOr<weft::Message> message =
        client_->Receive(absl::Milliseconds(peer::kPatienceMs));
    Check(message.status());
    return {.text = message->is_text(), .data = std::string(message->payload)};
  }

  void Close(uint16_t code, const std::string& reason) override {
    Check(client_->Close(static_cast<weft::CloseCode>(code), reason));
  }

 private:
  const std::unique_ptr<weft::Client> client_;
};

std::unique_ptr<peer::Socket> Connect(const std::string& host, uint16_t port) {
  weft::ClientOptions options;
  options.timeouts.connect = options.timeouts.send = options.timeouts.close =
      absl::Milliseconds(peer::kPatienceMs);
  options.connection.max_message_bytes = peer::kMaxMessageBytes;
  options.connection.compression = examples::CompressionFromFlag();
  auto client = weft::Client::Connect(absl::StrCat("ws://", host, ":", port), std::move(options));
  Check(client.status());
  return std::make_unique<Socket>(*std::move(client));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  const auto serve = [](uint16_t) { throw std::runtime_error("this is a client only"); };
  return peer::Main(static_cast<int>(words.size()), words.data(), serve, Connect);
}
