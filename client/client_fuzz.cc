// Any bytes as what a server or a proxy answers a client: whatever they are, the client ends, and
// its log and its errors can be shown to a person.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/client/client.h"
#include "weft/client/testing/fake_server.h"
#include "weft/core/log.h"
#include "weft/core/message.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using testing::RequireReadable;

ClientOptions Options() {
  ClientOptions options;
  options.proxy = "direct";
  options.subprotocols = {"chat"};
  options.log = [](LogLevel, absl::string_view text) { RequireReadable(text); };
  return options;
}

// Connects, and receives to the end.
void Talk(absl::string_view url, ClientOptions options) {
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(url, std::move(options));
  if (!client.ok()) return RequireReadable(client.status().message());
  absl::StatusOr<Message> message;
  do {
    message = (*client)->Receive();
  } while (message.ok());
  RequireReadable(message.status().message());
  RequireReadable((*client)->Close().message());
  RequireReadable((*client)->status().message());
}

// What `bytes` are to the client.
enum class Part { kAnswer, kFrames, kProxyAnswer };

void Check(Part part, absl::string_view bytes) {
  FakeServer server([part, bytes](FakePeer& peer) {
    if (part == Part::kFrames) {
      peer.AcceptUpgrade(bytes);
    } else {
      peer.ReadRequest();
      peer.Write(bytes);
    }
    peer.Shutdown();
    peer.ReadToEnd();
  });
  ClientOptions options = Options();
  if (part != Part::kProxyAnswer) return Talk(server.url(), std::move(options));
  options.proxy = absl::StrCat("http://127.0.0.1:", server.port());
  Talk("ws://h/", std::move(options));
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weft::Part;
  weft::testing::Choices choices({reinterpret_cast<const char*>(data), size});
  const Part part = choices.Of({Part::kAnswer, Part::kFrames, Part::kProxyAnswer});
  weft::Check(part, choices.Bytes(size));
  return 0;
}
