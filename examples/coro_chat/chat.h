// A chat room in which each session is one coroutine.

#ifndef WEFT_EXAMPLES_CORO_CHAT_CHAT_H_
#define WEFT_EXAMPLES_CORO_CHAT_CHAT_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/coro.h"

namespace examples {

inline constexpr char kRoom[] = "room";

// The first message is the name, every other one is for the room.
inline weft::Task<> Chat(weft::coro::Session session) {
  if (!(co_await session.SendText("What is your name?")).ok()) co_return;
  const auto answer = co_await weft::coro::WithTimeout(absl::Seconds(20), session.Receive());
  if (!answer.ok()) {
    (co_await session.Close(weft::CloseCode::kPolicyViolation, "no name")).IgnoreError();
    co_return;
  }
  if (!answer->has_value()) co_return;  // the client has left
  const std::string name((*answer)->payload);

  const auto say = [&](const std::string& line) {
    return session.Publish(kRoom, weft::Opcode::kText, line);
  };
  if (!(co_await session.Subscribe(kRoom)).ok()) co_return;
  if (!(co_await say(absl::StrCat(name, " has joined"))).ok()) co_return;
  while (const auto line = co_await session.Receive()) {
    if (!(co_await say(absl::StrCat(name, ": ", line->payload))).ok()) break;
  }
  (co_await say(absl::StrCat(name, " has left"))).IgnoreError();
}

}  // namespace examples

#endif  // WEFT_EXAMPLES_CORO_CHAT_CHAT_H_
