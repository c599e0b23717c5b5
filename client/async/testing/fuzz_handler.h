// The application of the fuzz target of asynchronous clients.

#ifndef WEFT_CLIENT_ASYNC_TESTING_FUZZ_HANDLER_H_
#define WEFT_CLIENT_ASYNC_TESTING_FUZZ_HANDLER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_ref.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/core/testing/require.h"
#include "weft/sending/send_options.h"

namespace weft::testing {

inline std::string Text(const Message& message) {
  return absl::StrCat(OpcodeName(message.opcode), " ", message.payload);
}

// The calls that the handler got, and how it answers.
struct Application {
  enum class State { kConnecting, kOpen, kEnded, kDestroyed };
  State state = State::kConnecting;
  bool only_echoes = false;
  bool opened = false;
  ClientRef ref;
  std::vector<std::string> messages;  // opcode and payload
  std::vector<std::string> echoed;    // those that a send accepted
};

class FuzzHandler : public ClientHandler {
 public:
  explicit FuzzHandler(Application& application) : application_(application) {}
  ~FuzzHandler() override {
    Require(application_.state == State::kEnded, "the handler is told of the end");
    application_.state = State::kDestroyed;
  }

  void OnOpen(AsyncClient& client) override {
    Require(application_.state == State::kConnecting, "OnOpen is the first call, once");
    application_.state = State::kOpen;
    application_.opened = true;
    application_.ref = client.ref();
    if (!application_.only_echoes) client.SendText("hello").IgnoreError();
  }

  void OnMessage(AsyncClient& client, const Message& message) override {
    Require(application_.state == State::kOpen, "messages come while it is open");
    application_.messages.push_back(Text(message));
    if (client.Send(message).ok()) application_.echoed.push_back(Text(message));
    if (!application_.only_echoes && !message.payload.empty()) Act(client, message);
  }

  void OnWritable(AsyncClient& client) override {
    Require(application_.state == State::kOpen, "there is room while it is open");
    if (!application_.only_echoes) client.SendText("room").IgnoreError();
  }

  void OnClose(AsyncClient& client, const CloseInfo& info) override {
    Require(application_.state == State::kOpen, "OnClose is called once, after OnOpen");
    application_.state = State::kEnded;
    Require(!client.status().ok(), "the status says why");
    RequireReadable(client.status().message());
    RequireReadable(Describe(info, "the server"));
    Require(!client.SendText("too late").ok(), "nothing is sent after the end");
    Require(!client.RunAfter({}, Later()).ok(), "nothing is called after the end");
  }

  void OnFailed(const absl::Status& error) override {
    Require(application_.state == State::kConnecting, "OnFailed is the only call");
    application_.state = State::kEnded;
    Require(!error.ok(), "an error says why");
    RequireReadable(error.message());
  }

 private:
  using State = Application::State;

  // Acts as the first byte of the message says.
  void Act(AsyncClient& client, const Message& message) {
    switch (message.payload[0]) {
      case 'c':
        client.Close(CloseCode::kGoingAway, "as you wish").IgnoreError();
        break;
      case 't':
        client.Terminate();
        break;
      case 'p':
        client.SendPing(message.payload.substr(0, 10)).IgnoreError();
        break;
      case 'f':
        client.SendFragment(Opcode::kBinary, message.payload, /*fin=*/false).IgnoreError();
        break;
      case 'e':
        client.SendFragment(Opcode::kBinary, "", /*fin=*/true).IgnoreError();
        break;
      case 'r':
        client.ref().SendText("by reference", {.compress = Compress::kNo}).IgnoreError();
        break;
      case 'k':
        client.SendText(message.payload.substr(0, 0), {.key = message.payload.substr(0, 2)})
            .IgnoreError();
        break;
      case 'o':
        client.Send(message, {.when_full = WhenFull::kDropOldest}).IgnoreError();
        break;
      case 'q':
        client.ref().Post(Later()).IgnoreError();
        break;
      case 'l':
        timer_ = client.RunAfter(absl::Milliseconds(10 * message.payload.size()), Later())
                     .value_or(TimerId());
        break;
      case 'x':
        Require(!client.CancelTimer(timer_) || !client.CancelTimer(timer_), "it is gone");
        break;
      case 'm':  // more than a socket takes
        for (int i = 0; i < 20; ++i) client.SendBinary(std::string(50000, 'm')).IgnoreError();
        break;
      default:
        break;
    }
  }

  ClientCallback Later() {
    return [this](AsyncClient& client) {
      Require(application_.state == State::kOpen, "callbacks come while it is open");
      client.SendText("later").IgnoreError();
    };
  }

  Application& application_;
  TimerId timer_;
};

}  // namespace weft::testing

#endif  // WEFT_CLIENT_ASYNC_TESTING_FUZZ_HANDLER_H_
