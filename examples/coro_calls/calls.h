// Requests of the server to its client, which are answered by id.

#ifndef WEFT_EXAMPLES_CORO_CALLS_CALLS_H_
#define WEFT_EXAMPLES_CORO_CALLS_CALLS_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "weft/coro.h"

namespace examples {

// Sends "ID REQUEST"; the client answers "ID ANSWER", in any order.
class Calls {
 public:
  explicit Calls(weft::coro::Session session) : session_(std::move(session)) {}

  // Several calls may wait at the same time. DeadlineExceeded without an answer in time.
  weft::Task<absl::StatusOr<std::string>> Call(std::string request, absl::Duration timeout) {
    const int id = ++last_id_;
    weft::coro::Slot<std::string> answer;
    waiting_[id] = &answer;
    const absl::Status sent = co_await session_.SendText(absl::StrCat(id, " ", request));
    absl::StatusOr<std::string> result = absl::UnknownError("");
    if (sent.ok()) {
      result = co_await weft::coro::WithTimeout(timeout, answer.Get());
    } else {
      result = sent;
    }
    waiting_.erase(id);
    co_return result;
  }

  // Gives each answer to its call, until the session ends.
  weft::Task<> ReadAnswers() {
    while (const auto message = co_await session_.Receive()) {
      const std::pair<std::string, std::string> parts =
          absl::StrSplit(message->payload, absl::MaxSplits(' ', 1));
      int id = 0;
      if (!absl::SimpleAtoi(parts.first, &id)) continue;
      const auto call = waiting_.find(id);
      if (call != waiting_.end()) call->second->Set(parts.second);  // else it was too late
    }
  }

 private:
  weft::coro::Session session_;
  std::map<int, weft::coro::Slot<std::string>*> waiting_;
  int last_id_ = 0;
};

// Asks the client for its name and its colour, and greets it.
inline weft::Task<> Ask(weft::coro::Session& session, Calls& calls) {
  const absl::StatusOr<std::string> name = co_await calls.Call("name?", absl::Seconds(5));
  const absl::StatusOr<std::string> colour = co_await calls.Call("colour?", absl::Seconds(5));
  (co_await session.SendText(absl::StrCat("Hello ", name.value_or("stranger"), ", who likes ",
                                          colour.value_or("no colour"))))
      .IgnoreError();
}

inline weft::Task<> Interview(weft::coro::Session session) {
  Calls calls(session);
  co_await weft::coro::WhenAny(calls.ReadAnswers(), Ask(session, calls));
}

}  // namespace examples

#endif  // WEFT_EXAMPLES_CORO_CALLS_CALLS_H_
