#include <utility>

#include "course/10_limits/limits.h"

namespace course {

struct Guard::State {
  Limits limits;
  Conversation conversation;
  absl::Time started;
  absl::Time heard;        // the last byte of the client, or a ping to it
  absl::Time moved;        // the socket took output, or there was none before, or the ending began
  size_t head_bytes = 0;   // of a request that is not complete
  bool too_large = false;  // the request
  bool asked = false;      // a ping was sent since the last byte of the client

  Phase phase() const { return too_large ? Phase::kEnding : conversation.phase(); }
};

Guard::Guard(const Limits& limits, Conversation::OnMessage on_message, std::unique_ptr<Wire> wire,
             absl::Time now)
    : state_(new State{.limits = limits,
                       .conversation = Conversation(std::move(on_message), std::move(wire)),
                       .started = now,
                       .heard = now,
                       .moved = now}) {}

Guard::~Guard() = default;

void Guard::Take(absl::string_view bytes, absl::Time now) {
  State& state = *state_;
  if (state.too_large) return;
  const bool idle = output().empty();
  const Phase before = state.phase();
  state.heard = now;
  state.asked = false;
  state.conversation.Take(bytes);
  if (state.phase() == Phase::kRequest) {
    state.head_bytes += bytes.size();
    if (state.head_bytes > state.limits.head_bytes) {
      state.too_large = true;
      state.conversation.output() +=
          "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
          "Content-Length: 0\r\n\r\n";
    }
  }
  const bool ending = before != Phase::kEnding && state.phase() == Phase::kEnding;
  if (idle && (ending || !output().empty())) state.moved = now;
}

void Guard::Wrote(size_t size, absl::Time now) {
  if (size == 0) return;
  std::string& output = state_->conversation.output();
  output.erase(0, size);
  state_->moved = now;
  if (output.empty()) std::string().swap(output);
}

void Guard::TakeEnd() { state_->conversation.TakeEnd(); }

void Guard::TakeTime(absl::Time now) {
  State& state = *state_;
  if (now < deadline()) return;
  if (state.phase() == Phase::kOpen && output().empty() && !state.asked) {
    state.asked = true;
    state.heard = state.moved = now;
    state.conversation.Send(Opcode::kPing, "");
  } else {
    TakeEnd();
  }
}

absl::Time Guard::deadline() const {
  const State& state = *state_;
  if (socket() == Socket::kClose) return absl::InfiniteFuture();
  if (!output().empty()) return state.moved + state.limits.stall;
  switch (state.phase()) {
    case Phase::kRequest:
      return state.started + state.limits.request;
    case Phase::kOpen:
      return state.heard + state.limits.silence;
    case Phase::kEnding:
      break;
  }
  return state.moved + state.limits.closing;
}

const std::string& Guard::output() const { return state_->conversation.output(); }

bool Guard::wants_bytes() const { return output().size() < state_->limits.output_bytes; }

Socket Guard::socket() const {
  const Socket socket = state_->conversation.socket();
  return state_->too_large && socket != Socket::kClose ? Socket::kHalfClose : socket;
}

}  // namespace course
