#include "examples/inspect/tap.h"

#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "examples/inspect/conversation.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_request_body.h"
#include "weft/core/http/http_status.h"
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

absl::Status Handshake(weft::Stream& stream, Deadline deadline, const weft::Notification& over) {
  while (true) {
    const IoResult result = stream.Handshake();
    if (result.ok()) return absl::OkStatus();
    if (result.status != IoStatus::kWouldBlock) return stream.Error(result);
    absl::Status status = weft::Wait(stream.fd(), result.wanted, deadline, &over);
    if (!status.ok()) return status;
  }
}

absl::StatusOr<weft::Stream> ConnectTo(const TapTarget& target, Deadline deadline,
                                       const weft::Notification& over) {
  absl::StatusOr<weft::Stream> stream = weft::ConnectTo(target.host, target.port, deadline, &over);
  if (!stream.ok() || target.tls == nullptr) return stream;
  absl::Status status = stream->StartTlsClient(*target.tls, target.host);
  if (status.ok()) status = Handshake(*stream, deadline, over);
  if (!status.ok()) return status;
  return stream;
}

// The response to a refused request.
std::string Refusal(const absl::Status& why) {
  const std::string text = absl::StrCat(why.message(), "\n");
  const std::string size = absl::StrCat(text.size());
  const absl::StatusOr<std::string> head = weft::WriteHttpResponse(
      weft::HttpStatusOf(why),
      {{"Connection", "close"}, {"Content-Type", "text/plain"}, {"Content-Length", size}});
  return head.ok() ? absl::StrCat(*head, text) : "";
}

// The head of the first request, and all that came with it.
struct Beginning {
  std::string bytes{};
  size_t head_bytes = 0;  // 0: it is not HTTP, or ended before
};

}  // namespace

struct Tap::Link {
  Link(int connection, TapLog& log, weft::Stream client, weft::Notification over)
      : conversation(connection, log), client(std::move(client)), over(std::move(over)) {}

  // Both directions use both streams, which with TLS needs a lock (transport/stream.h).
  IoResult Read(weft::Stream& from, absl::Span<char> buffer) {
    const std::lock_guard<std::mutex> lock(mutex);
    return from.Read(buffer);
  }

  // Writes all of `bytes`, however long the other end takes. False: it has closed, or the link is
  // over.
  bool Write(weft::Stream& to, absl::string_view bytes) {
    while (!bytes.empty()) {
      const IoResult result = [&] {
        const std::lock_guard<std::mutex> lock(mutex);
        return to.Write(bytes);
      }();
      if (result.ok()) {
        bytes.remove_prefix(result.bytes);
      } else if (result.status != IoStatus::kWouldBlock ||
                 !weft::Wait(to.fd(), result.wanted, Deadline::Never(), &over).ok()) {
        return false;
      }
    }
    return true;
  }

  absl::StatusOr<Beginning> ReadHead(Deadline deadline) {
    Beginning beginning;
    weft::HttpHeadScanner scanner{weft::HttpLimits{}};
    char buffer[kReadBytes];
    while (true) {
      const IoResult result = Read(client, absl::MakeSpan(buffer));
      if (result.status == IoStatus::kEof) return beginning;
      if (result.status == IoStatus::kError) return client.Error(result);
      if (result.status == IoStatus::kWouldBlock) {
        absl::Status status = weft::Wait(client.fd(), result.wanted, deadline, &over);
        if (!status.ok()) return status;
        continue;
      }
      beginning.bytes.append(buffer, result.bytes);
      const absl::StatusOr<size_t> size = scanner.Scan(beginning.bytes);
      if (absl::IsResourceExhausted(size.status())) return size.status();  // an Origin may follow
      if (!size.ok() || *size > 0) {
        beginning.head_bytes = size.value_or(0);
        return beginning;
      }
    }
  }

  // The part of the client's bytes that may be forwarded, since it belongs to the request that has
  // been checked. The log has a note of the rest.
  absl::string_view Admit(absl::string_view bytes) {
    if (has_refused) return "";
    if (!body.has_value()) return bytes;
    const absl::StatusOr<size_t> taken = body->Append(bytes);
    if (taken.ok() && *taken == bytes.size()) return bytes;
    has_refused = true;
    conversation.Note("not forwarded", taken.ok() ? "a further request on this connection, which "
                                                    "the tap has not checked: it is no WebSocket"
                                                  : taken.status().message());
    if (!taken.ok()) over.Notify();
    return bytes.substr(0, taken.value_or(0));
  }

  // Forwards the bytes of `sender` until its stream ends, or the link is over.
  void Forward(Role sender) {
    weft::Stream& from = sender == Role::kClient ? client : server;
    weft::Stream& to = sender == Role::kClient ? server : client;
    char buffer[kReadBytes];
    while (true) {
      const IoResult result = Read(from, absl::MakeSpan(buffer));
      if (result.status == IoStatus::kWouldBlock) {
        const bool has_progress = conversation.HasProgress(sender);
        const absl::Status status = weft::Wait(
            from.fd(), result.wanted,
            has_progress ? Deadline::After(Conversation::kProgressPause) : Deadline::Never(),
            &over);
        if (absl::IsDeadlineExceeded(status)) {
          conversation.ShowProgress(sender);
        } else if (!status.ok()) {
          break;
        }
      } else if (result.status == IoStatus::kEof) {
        conversation.End(sender);
        const std::lock_guard<std::mutex> lock(mutex);
        to.ShutdownWrite();
        return;
      } else if (!result.ok()) {
        const std::lock_guard<std::mutex> lock(mutex);
        conversation.End(sender, from.Error(result).message());
        break;
      } else {
        absl::string_view bytes(buffer, result.bytes);
        if (sender == Role::kClient) bytes = Admit(bytes);
        if (bytes.empty()) continue;
        conversation.Read(sender, bytes);
        if (!Write(to, bytes)) break;
      }
    }
    over.Notify();
  }

  Conversation conversation;
  std::optional<weft::HttpRequestBody> body{};  // as TapRoute::body
  bool has_refused = false;                     // what followed it
  std::mutex mutex;                             // of the streams, while both directions run
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
  if (Connect(link)) {
    std::thread back([&link] { link.Forward(Role::kServer); });
    link.Forward(Role::kClient);
    back.join();
  }
  link.client.Close();
  link.server.Close();
  link.conversation.Close();
  link.ended = true;
}

// Returns false if there is no connection. The log then says why, and so does an answer to the
// client if it speaks HTTP.
bool Tap::Connect(Link& link) const {
  const Deadline deadline = Deadline::After(options_.open_timeout);
  if (options_.client_tls != nullptr) {
    absl::Status status = link.client.StartTlsServer(*options_.client_tls);
    if (status.ok()) status = Handshake(link.client, deadline, link.over);
    if (!status.ok()) {
      link.conversation.Note("no TLS with the client", status.message());
      return false;
    }
  }
  absl::StatusOr<Beginning> beginning = link.ReadHead(deadline);
  if (!beginning.ok()) {
    link.conversation.Note("no request came", beginning.status().message());
    return false;
  }
  const absl::string_view bytes = beginning->bytes;
  const absl::string_view head = bytes.substr(0, beginning->head_bytes);
  absl::StatusOr<TapRoute> route = RouteOf(head.empty() ? bytes : head, options_.rules);
  if (!route.ok()) {
    link.conversation.Read(Role::kClient, head);
    link.conversation.Note("refused", route.status().message());
    link.Write(link.client, Refusal(route.status()));
    link.client.ShutdownWrite();
    return false;
  }
  absl::StatusOr<weft::Stream> server = ConnectTo(*route->target, deadline, link.over);
  if (!server.ok()) {
    link.conversation.Note("not connected", server.status().message());
    return false;
  }
  link.server = *std::move(server);
  link.conversation.Begin(route->target->url());
  if (!route->change.empty()) link.conversation.Note(route->change);
  link.body = std::move(route->body);
  const std::string request =
      head.empty() ? std::string(bytes)
                   : absl::StrCat(route->head, link.Admit(bytes.substr(head.size())));
  link.conversation.Read(Role::kClient, request);
  return link.Write(link.server, request);
}

void Tap::ForgetEnded() {
  links_.remove_if([](Link& link) {
    if (!link.ended) return false;
    link.thread.join();
    return true;
  });
}

}  // namespace examples
