#include "examples/inspect/tap.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "examples/inspect/conversation.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"
#include "weft/transport/wait.h"

namespace examples {
namespace {

using weft::Deadline;
using weft::Interest;
using weft::IoResult;
using weft::IoStatus;
using weft::Role;

constexpr size_t kReadBytes = 16 << 10;

// The wait before accepting again when the process has no descriptor left.
constexpr absl::Duration kAcceptPause = absl::Milliseconds(100);

// Writes all of `bytes`, however long the other end takes. False: it has closed, or the link is
// over.
bool Write(weft::Stream& to, absl::string_view bytes, const weft::Notification& over) {
  while (!bytes.empty()) {
    const IoResult result = to.Write(bytes);
    if (result.ok()) {
      bytes.remove_prefix(result.bytes);
    } else if (result.status != IoStatus::kWouldBlock ||
               !weft::Wait(to.fd(), Interest::kWrite, Deadline::Never(), &over).ok()) {
      return false;
    }
  }
  return true;
}

}  // namespace

struct Tap::Link {
  Link(int connection, TapLog& log, weft::Stream client, weft::Notification over)
      : conversation(connection, log), client(std::move(client)), over(std::move(over)) {}

  // Forwards the bytes of `sender` until its stream ends, or the link is over.
  void Forward(Role sender) {
    weft::Stream& from = sender == Role::kClient ? client : server;
    weft::Stream& to = sender == Role::kClient ? server : client;
    char buffer[kReadBytes];
    while (weft::Wait(from.fd(), Interest::kRead, Deadline::Never(), &over).ok()) {
      const IoResult result = from.Read(absl::MakeSpan(buffer));
      if (result.status == IoStatus::kWouldBlock) continue;
      if (result.status == IoStatus::kEof) {
        conversation.End(sender);
        to.ShutdownWrite();
        return;
      }
      if (!result.ok()) {
        conversation.End(sender, from.Error(result).message());
        break;
      }
      const absl::string_view bytes(buffer, result.bytes);
      conversation.Read(sender, bytes);
      if (!Write(to, bytes, over)) break;
    }
    over.Notify();
  }

  Conversation conversation;
  weft::Stream client, server;
  const weft::Notification over;
  std::atomic<bool> ended{false};
  std::thread thread;
};

absl::StatusOr<std::unique_ptr<Tap>> Tap::Start(TapOptions options, TapLog& log) {
  absl::StatusOr<weft::UniqueFd> listener = weft::Listen(options.listen);
  if (!listener.ok()) return listener.status();
  absl::StatusOr<weft::Notification> stop = weft::Notification::Create();
  if (!stop.ok()) return stop.status();
  std::unique_ptr<Tap> tap(
      new Tap(std::move(options), log, *std::move(listener), *std::move(stop)));
  tap->acceptor_ = std::thread([tap = tap.get()] { tap->AcceptAll(); });
  return tap;
}

Tap::Tap(TapOptions options, TapLog& log, weft::UniqueFd listener, weft::Notification stop)
    : options_(std::move(options)),
      log_(log),
      listener_(std::move(listener)),
      stop_(std::move(stop)) {}

Tap::~Tap() {
  stop_.Notify();
  acceptor_.join();
  for (Link& link : links_) link.over.Notify();
  for (Link& link : links_) link.thread.join();
}

void Tap::AcceptAll() {
  while (weft::Wait(listener_.get(), Interest::kRead, Deadline::Never(), &stop_).ok()) {
    weft::Stream client;
    const IoResult result = weft::Accept(listener_.get(), &client);
    ForgetEnded();
    if (result.ok()) {
      Open(std::move(client));
    } else if (result.status == IoStatus::kError) {
      weft::Wait(stop_.fd(), Interest::kRead, Deadline::After(kAcceptPause)).IgnoreError();
    }
  }
}

void Tap::Open(weft::Stream client) {
  const int connection = ++connections_;
  absl::StatusOr<weft::Notification> over = weft::Notification::Create();
  if (!over.ok() || links_.size() >= options_.max_connections) {
    Conversation(connection, log_)
        .Note("refused", over.ok() ? absl::StrCat("there are ", links_.size(),
                                                  " connections, the tap's maximum")
                                   : std::string(over.status().message()));
    return;
  }
  Link& link = links_.emplace_back(connection, log_, std::move(client), *std::move(over));
  link.thread = std::thread([this, &link] { Run(link); });
}

void Tap::Run(Link& link) const {
  absl::StatusOr<weft::Stream> server = weft::ConnectTo(
      options_.host, options_.port, Deadline::After(options_.connect_timeout), &link.over);
  if (server.ok()) {
    link.server = *std::move(server);
    link.conversation.Note(absl::StrCat("connected to ", options_.host, ":", options_.port));
    std::thread back([&link] { link.Forward(Role::kServer); });
    link.Forward(Role::kClient);
    back.join();
  } else {
    link.conversation.Note("not connected", server.status().message());
  }
  link.client.Close();
  link.server.Close();
  link.ended = true;
}

void Tap::ForgetEnded() {
  links_.remove_if([](Link& link) {
    if (!link.ended) return false;
    link.thread.join();
    return true;
  });
}

}  // namespace examples
