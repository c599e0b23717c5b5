#!/bin/bash
# Checks the errors for acceptors and handlers of the wrong shape: each wrong line of a program gets exactly one, which says
# what is expected, and a program without such lines compiles.

set -euo pipefail

compiler=${CXX:-c++}
command -v "$compiler" >/dev/null || { echo "skipped: $compiler is not installed"; exit 0; }

# "weft/core/x.h" is core/x.h here.
ln -s "$PWD" "$TEST_TMPDIR/weft"

# Compiles standard input on the system's libraries; Debian keeps BoringSSL in a separate folder.
compile() { "$compiler" -std=c++20 -Wall -fsyntax-only -x c++ -I"$TEST_TMPDIR" -isystem /usr/include/android - 2>&1; }

# A program, and in comments after "error:" a part of the error of the line before it.
program() {
  cat <<'END'
#include "weft/server/server.h"

using Response = weft::UpgradeResponse;
struct Echo : weft::Handler {
  void OnMessage(weft::Session&, const weft::Message&) override {}
};
class Private : public Echo {
  void OnOpen(weft::Session&) override {}
  void OnClose(weft::Session&, const weft::CloseInfo&) override {}
};
struct Quiet : Echo {
  void OnOpen(weft::Session&) noexcept override {}
  void OnClose(weft::Session&, const weft::CloseInfo&) override {}
  void OnClose(int) {}
};
absl::StatusOr<std::unique_ptr<weft::Handler>> Accept(const weft::SessionRequest&, Response&);
struct NoHandler {};
struct Hidden : private Echo {};
struct ConstOpen : Echo { void OnOpen(weft::Session&) const {} };
struct ByValue : Echo { void OnMessage(weft::Session&, weft::Message) {} };
struct ConstWritable : Echo { void OnWritable(weft::Session&) const {} };
struct OldClose : Echo { void OnClose(weft::Session&, weft::CloseCode, absl::string_view) {} };

template <typename Handler>
auto Make() { return [](auto&, auto&) { return std::make_unique<Handler>(); }; }

void All(weft::Router& router) {
  auto try_it = [&](auto acceptor) { router.WebSocket("/", std::move(acceptor)); };
  try_it(Make<Echo>());
  try_it(Make<Private>());
  try_it(Make<Quiet>());
  try_it(Accept);
  try_it(&Accept);
  try_it(nullptr);
  try_it(weft::Acceptor());
  try_it(std::function<absl::StatusOr<std::unique_ptr<Echo>>(const weft::SessionRequest&, Response&)>());
  try_it([](const weft::SessionRequest&, Response&) { return absl::NotFoundError(""); });
  try_it([count = 0](auto&, auto&) mutable { return std::make_unique<Echo>(++count ? Echo() : Echo()); });
  weft::Server::Start({}, router).IgnoreError();
  weft::Server::Start({}, weft::Router()).IgnoreError();
  weft::Server::Start({}, Make<Echo>()).IgnoreError();
END
  (($#)) && cat <<'END'
  weft::Server::Start({}, [](auto&) { return std::make_unique<Echo>(); }).IgnoreError();
  // error: an acceptor must be callable with (const weft::SessionRequest&, weft::UpgradeResponse&)
  try_it([](weft::SessionRequest&, Response&) { return std::make_unique<Echo>(); });
  // error: an acceptor must be callable with (const weft::SessionRequest&, weft::UpgradeResponse&)
  try_it(Echo());
  // error: an acceptor must be callable with (const weft::SessionRequest&, weft::UpgradeResponse&)
  try_it([own = std::make_unique<int>()](auto&, auto&) { return std::make_unique<Echo>(); });
  // error: an acceptor must be copyable
  try_it([](auto&, auto&) { return std::make_shared<Echo>(); });
  // error: an acceptor must return a std::unique_ptr of a handler
  try_it([](auto&, auto&) { return new Echo; });
  // error: an acceptor must return a std::unique_ptr of a handler
  try_it([](auto&, auto&) {});
  // error: an acceptor must return a std::unique_ptr of a handler
  try_it(Make<NoHandler>());
  // error: must be derived publicly from weft::Handler
  try_it(Make<Hidden>());
  // error: must be derived publicly from weft::Handler
  try_it(Make<ConstOpen>());
  // error: OnOpen must be void OnOpen(weft::Session&), not const
  try_it(Make<ByValue>());
  // error: OnMessage must be void OnMessage(weft::Session&, const weft::Message&), not const
  try_it(Make<ConstWritable>());
  // error: OnWritable must be void OnWritable(weft::Session&), not const
  try_it(Make<OldClose>());
  // error: OnClose must be void OnClose(weft::Session&, const weft::CloseInfo&), not const
END
  echo "}"
}

if ! log=$(program | compile); then
  grep -q 'No such file\|file not found' <<<"$log" && echo "skipped: the system's libraries are not installed" && exit 0
  echo "FAILED: a program without errors does not compile: $log"
  exit 1
fi

log=$(program with errors | compile || true)
expected=$(program with errors | sed -n 's/^ *\/\/ error: //p' | sort)
errors=$(grep -E ':[0-9]+: error: ' <<<"$log" || true)
# Each expected part is found as often as it is expected, and nothing else is.
failed=0
while read -r count part; do
  found=$(grep -cF -- "$part" <<<"$errors" || true)
  ((found == count)) || { echo "FAILED: $found errors instead of $count say: $part"; failed=1; }
done < <(uniq -c <<<"$expected")
[[ $(wc -l <<<"$errors") == $(wc -l <<<"$expected") ]] && ((!failed)) || { echo "FAILED: the errors are: $errors"; failed=1; }
exit "$failed"
