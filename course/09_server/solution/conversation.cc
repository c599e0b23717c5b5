#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "course/09_server/server.h"

namespace course {

struct Conversation::State {
  OnMessage on_message;
  std::string output;
  std::string head;      // of the request, until it is complete
  bool opened = false;   // the handshake is done
  bool refused = false;  // the request did not open a WebSocket
  bool ended = false;    // before the handshake was done
  std::unique_ptr<Wire> wire;
  Closing closing{Role::kServer};

  void SendClose(const std::optional<std::string>& payload) {
    if (payload.has_value()) output += wire->Frame(Opcode::kClose, *payload);
  }

  // Answers the request if `bytes` complete it, and returns the bytes after it.
  absl::string_view TakeHead(absl::string_view bytes) {
    const size_t before = head.size();
    head.append(bytes.data(), bytes.size());
    const size_t size = HeadSize(head);
    if (size == 0) return "";
    const absl::StatusOr<Head> request = ParseHead(head.substr(0, size));
    const std::string answer = request.ok() ? wire->Answer(*request)
                                            : "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                                              "Content-Length: 0\r\n\r\n";
    output += answer;
    opened = absl::StartsWith(answer, "HTTP/1.1 101 ");
    refused = !opened;
    head.clear();
    return bytes.substr(size - before);
  }
};

Conversation::Conversation(OnMessage on_message, std::unique_ptr<Wire> wire)
    : state_(std::make_unique<State>()) {
  state_->on_message = std::move(on_message);
  state_->wire = std::move(wire);
}

Conversation::~Conversation() = default;

void Conversation::Take(absl::string_view bytes) {
  if (state_->refused) return;
  if (!state_->opened) {
    bytes = state_->TakeHead(bytes);
    if (!state_->opened) return;
  }
  for (const Event& event : state_->wire->Read(bytes)) {
    switch (event.opcode) {
      case Opcode::kPing:
        Send(Opcode::kPong, event.payload);
        break;
      case Opcode::kPong:
        break;
      case Opcode::kClose:
        state_->SendClose(state_->closing.PeerSent(event.payload));
        break;
      default:
        state_->on_message(*this, event);
    }
  }
  if (state_->wire->failure().has_value()) {
    state_->SendClose(state_->closing.Fail(*state_->wire->failure()));
  }
}

void Conversation::TakeEnd() {
  state_->ended = true;
  state_->closing.Ended();
}

void Conversation::Send(Opcode opcode, absl::string_view payload) {
  if (phase() == Phase::kOpen) state_->output += state_->wire->Frame(opcode, payload);
}

void Conversation::Close(int code, absl::string_view reason) {
  if (state_->opened) state_->SendClose(state_->closing.Start(code, reason));
}

std::string& Conversation::output() { return state_->output; }

Socket Conversation::socket() const {
  if (state_->ended) return Socket::kClose;
  return state_->refused ? Socket::kHalfClose : state_->closing.socket();
}

Phase Conversation::phase() const {
  if (state_->refused || !state_->closing.may_send()) return Phase::kEnding;
  return state_->opened ? Phase::kOpen : Phase::kRequest;
}

}  // namespace course
