// Asks several servers at once, and takes the first answer.

#ifndef WEFT_EXAMPLES_CORO_CLIENT_ASK_H_
#define WEFT_EXAMPLES_CORO_CLIENT_ASK_H_

#include <array>
#include <functional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/async_client.h"
#include "weft/coro.h"

namespace examples {

// The answer of one server. The connection is closed when this returns.
inline weft::Task<absl::StatusOr<std::string>> AskOne(weft::ClientLoop& loop,
                                                      const std::string& url,
                                                      const weft::ClientOptions& options,
                                                      const std::string& question) {
  absl::StatusOr<weft::coro::Session> server = co_await weft::coro::Connect(loop, url, options);
  if (!server.ok()) co_return server.status();
  const absl::Status sent = co_await server->SendText(question);
  if (!sent.ok()) co_return sent;
  const auto answer = co_await server->Receive();
  if (answer.has_value()) co_return std::string(answer->payload);
  // Without an end of the session another server was first.
  if (server->status().ok()) co_return absl::CancelledError("another server was first");
  co_return server->status();
}

// Three servers and a question for them.
struct Question {
  std::array<std::string, 3> urls;
  weft::ClientOptions options;
  std::string text;
  std::function<void(const std::string& line)> report;  // called for each server that fails
};

// The first answer. A server that fails is left out; the last one that does ends the wait.
inline weft::Task<absl::StatusOr<std::string>> AskThree(weft::ClientLoop& loop,
                                                        const Question& question) {
  int failed = 0;
  weft::coro::Slot<bool> all_failed;
  const auto ask = [&](const std::string& url) -> weft::Task<std::string> {
    const absl::StatusOr<std::string> answer =
        co_await AskOne(loop, url, question.options, question.text);
    if (answer.ok()) co_return absl::StrCat(url, ": ", *answer);
    if (absl::IsCancelled(answer.status())) co_return "";
    question.report(absl::StrCat(url, ": ", answer.status().message()));
    if (++failed == 3) all_failed.Set(true);
    (co_await weft::coro::Sleep(absl::InfiniteDuration())).IgnoreError();  // leaves it to others
    co_return "";
  };
  const auto first = co_await weft::coro::WhenAny(ask(question.urls[0]), ask(question.urls[1]),
                                                  ask(question.urls[2]), all_failed.Get());
  if (const auto* answer = std::get_if<0>(&first)) co_return *answer;
  if (const auto* answer = std::get_if<1>(&first)) co_return *answer;
  if (const auto* answer = std::get_if<2>(&first)) co_return *answer;
  co_return absl::UnavailableError("no server has answered");
}

}  // namespace examples

#endif  // WEFT_EXAMPLES_CORO_CLIENT_ASK_H_
