// Arbitrary bytes as the answers of a server or a proxy: whatever they are, the client ends, and
// its log and its errors can be shown to a person.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/client/client.h"
#include "weft/core/log.h"
#include "weft/core/message.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/require.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using testing::RequireReadable;

ClientOptions Options() {
  ClientOptions options;
  options.proxy = "direct";
  options.request.subprotocols = {"chat"};
  options.hooks.log = [](LogLevel, absl::string_view text) { RequireReadable(text); };
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

// How `bytes` are used in the answer to the client.
enum class Part { kAnswer, kFrames, kProxyAnswer };

struct Answer {
  Part part;
  std::string bytes;
};

// The answer to the next client: written by the fuzzer's thread, read by the server's.
class NextAnswer {
 public:
  void Set(Answer answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answer_ = std::move(answer);
  }

  Answer Get() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return answer_;
  }

 private:
  std::mutex mutex_;
  Answer answer_ = {Part::kAnswer, ""};
};

NextAnswer& TheNextAnswer() {
  static NextAnswer& next = *new NextAnswer;
  return next;
}

const FakeServer& TheServer() {
  static const FakeServer& server = *FakeServer::ForEveryClient([](FakePeer& peer) {
                                       const Answer answer = TheNextAnswer().Get();
                                       if (answer.part == Part::kFrames) {
                                         peer.AcceptUpgrade(answer.bytes);
                                       } else {
                                         peer.ReadRequest();
                                         peer.Write(answer.bytes);
                                       }
                                       peer.Shutdown();
                                       peer.ReadToEnd();
                                     }).release();
  return server;
}

void Check(Answer answer) {
  ClientOptions options = Options();
  std::string url = TheServer().url();
  if (answer.part == Part::kProxyAnswer) {
    options.proxy = absl::StrCat("http://127.0.0.1:", TheServer().port());
    url = "ws://h/";
  }
  TheNextAnswer().Set(std::move(answer));
  Talk(url, std::move(options));
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weft::Part;
  weft::testing::Choices choices({reinterpret_cast<const char*>(data), size});
  const Part part = choices.Of({Part::kAnswer, Part::kFrames, Part::kProxyAnswer});
  weft::Check({part, std::string(choices.Bytes(size))});
  return 0;
}
