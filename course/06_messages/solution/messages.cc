#include "course/06_messages/messages.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "course/04_masking/masking.h"
#include "course/05_text/text.h"

namespace course {

Transition Next(Inside inside, Opcode opcode, bool fin) {
  if (IsControl(opcode)) return {Meaning::kControl, inside};
  if (opcode == Opcode::kContinuation) {
    if (inside == Inside::kNothing) return {Meaning::kForbidden, inside};
    return {Meaning::kNext, fin ? Inside::kNothing : inside};
  }
  if (inside != Inside::kNothing) return {Meaning::kForbidden, inside};
  const Inside begun = opcode == Opcode::kText ? Inside::kText : Inside::kBinary;
  return {Meaning::kFirst, fin ? Inside::kNothing : begun};
}

struct MessageReader::State {
  Role role = Role::kServer;
  uint64_t max_message_bytes = 0;
  std::optional<Failure> failure;
  bool ended = false;  // by a failure or a Close

  // Of the connection.
  std::string head;  // the bytes of a header that is not complete

  // Of the message in progress. A control frame may come between its frames.
  Inside inside = Inside::kNothing;
  Opcode opcode = Opcode::kText;
  std::string message;
  Utf8Checker utf8;

  // Of the frame in progress.
  bool in_frame = false;  // its header is complete
  FrameHeader header;
  Inside after = Inside::kNothing;  // the state when it is complete
  uint64_t done = 0;                // bytes of its payload so far
  std::string control;              // the payload of a control frame

  void Fail(int code, absl::string_view reason) {
    failure = Failure{code, std::string(reason)};
    ended = true;
  }

  void TakeHeader(absl::string_view* bytes);
  void TakePayload(absl::string_view* bytes);
  void EndFrame(std::vector<Event>* events);
};

// Moves the bytes of a header from `bytes`. If it is complete, checks it and enters the frame.
void MessageReader::State::TakeHeader(absl::string_view* bytes) {
  // The header may have begun in an earlier piece, so its bytes are collected one by one.
  absl::StatusOr<size_t> size = 0;
  while (!bytes->empty() && size.ok() && *size == 0) {
    head.push_back(bytes->front());
    bytes->remove_prefix(1);
    size = DecodeHeader(head, &header);
  }
  if (!size.ok()) return Fail(1002, size.status().message());
  if (*size == 0) return;
  head.clear();

  if (header.masked != (role == Role::kServer)) {
    return Fail(1002, header.masked ? "a server must not mask" : "a client must mask");
  }
  const Transition next = Next(inside, header.opcode, header.fin);
  switch (next.meaning) {
    case Meaning::kForbidden:
      return Fail(1002, inside == Inside::kNothing ? "there is no message to continue"
                                                   : "a new message inside another");
    case Meaning::kFirst:
      opcode = header.opcode;
      message.clear();
      utf8 = Utf8Checker();
      break;
    case Meaning::kControl:
      control.clear();
      break;
    case Meaning::kNext:
      break;
  }
  // A difference cannot overflow, a sum could.
  if (next.meaning != Meaning::kControl && header.length > max_message_bytes - message.size()) {
    return Fail(1009, "the message is too large");
  }
  after = next.after;
  in_frame = true;
  done = 0;
}

// Moves the bytes of the frame's payload from `bytes`, unmasks and checks them.
void MessageReader::State::TakePayload(absl::string_view* bytes) {
  const size_t size = static_cast<size_t>(std::min<uint64_t>(bytes->size(), header.length - done));
  std::string& payload = IsControl(header.opcode) ? control : message;
  const size_t before = payload.size();
  payload.append(bytes->data(), size);
  bytes->remove_prefix(size);
  if (header.masked) {
    FastMask(absl::MakeSpan(payload).subspan(before), header.key, static_cast<size_t>(done));
  }
  done += size;

  if (IsControl(header.opcode) || opcode != Opcode::kText) return;
  if (!utf8.Append(absl::string_view(payload).substr(before))) {
    Fail(1007, "the text is not UTF-8");
  }
}

// Ends the frame whose payload is complete, and adds its event, if there is one.
void MessageReader::State::EndFrame(std::vector<Event>* events) {
  in_frame = false;
  inside = after;
  if (IsControl(header.opcode)) {
    events->push_back({header.opcode, std::move(control)});
    if (header.opcode == Opcode::kClose) ended = true;
  } else if (header.fin) {
    if (opcode == Opcode::kText && !utf8.AtEnd()) {
      return Fail(1007, "the text ends inside a character");
    }
    events->push_back({opcode, std::move(message)});
    message.clear();
  }
}

MessageReader::MessageReader(Role role, uint64_t max_message_bytes)
    : state_(std::make_unique<State>()) {
  state_->role = role;
  state_->max_message_bytes = max_message_bytes;
}

MessageReader::~MessageReader() = default;

std::vector<Event> MessageReader::Read(absl::string_view bytes) {
  std::vector<Event> events;
  while (!bytes.empty() && !state_->ended) {
    if (!state_->in_frame) state_->TakeHeader(&bytes);
    if (state_->in_frame && !state_->ended) state_->TakePayload(&bytes);
    if (state_->in_frame && !state_->ended && state_->done == state_->header.length) {
      state_->EndFrame(&events);
    }
  }
  return events;
}

const std::optional<Failure>& MessageReader::failure() const { return state_->failure; }

}  // namespace course
