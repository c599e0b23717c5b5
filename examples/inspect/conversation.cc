#include "examples/inspect/conversation.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/inspect/handshake.h"
#include "examples/inspect/json.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/handshake/handshake.h"

namespace examples {

using weft::Role;

Conversation::Side::Side(Role sender)
    : sender(sender),
      scanner(weft::HttpLimits{}),
      reader(sender == Role::kClient ? Role::kServer : Role::kClient) {}

Conversation::Conversation(int connection, TapLog& log, std::function<absl::Time()> now)
    : connection_(connection),
      log_(log),
      now_(std::move(now)),
      opened_(now_()),
      client_(Role::kClient),
      server_(Role::kServer) {}

void Conversation::Read(Role sender, absl::string_view bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  log_.recording().Add(connection_, sender, now_(), bytes);
  Side& side = SideOf(sender);
  switch (side.state) {
    case Side::State::kHead:
      return ReadHead(side, bytes);
    case Side::State::kFrames:
      return ReadFrames(side, bytes);
    case Side::State::kOpaque:
      return;
  }
}

void Conversation::ReadHead(Side& side, absl::string_view bytes) {
  absl::StrAppend(&side.head, bytes);
  const absl::StatusOr<size_t> size = side.scanner.Scan(side.head);
  if (size.ok() && *size == 0) return;
  const std::string all = std::exchange(side.head, "");
  const absl::string_view head = absl::string_view(all).substr(0, size.ok() ? *size : all.size());
  TapEntry entry = NewEntry(TapEntry::Kind::kHead, side.sender);
  side.state = Side::State::kOpaque;
  if (!size.ok()) {
    entry.problem = std::string(size.status().message());
  } else {
    entry.lines = LinesOf(head);
    side.sender == Role::kClient ? Request(side, head, &entry) : Response(side, head, &entry);
  }
  log_.Add(std::move(entry));
  if (side.state == Side::State::kFrames) ReadFrames(side, absl::string_view(all).substr(*size));
}

void Conversation::Request(Side& side, absl::string_view head, TapEntry* entry) {
  const absl::StatusOr<weft::HttpRequest> http = weft::ParseHttpRequest(head);
  if (!http.ok()) {
    entry->problem = std::string(http.status().message());
    return;
  }
  if (!http->headers.HasToken("Upgrade", "websocket")) {
    entry->text = "does not ask for a WebSocket; the rest is ignored";
    return;
  }
  side.state = Side::State::kFrames;
  const absl::StatusOr<weft::UpgradeRequest> request = weft::ParseUpgradeRequest(*http);
  if (!request.ok()) {
    entry->problem = std::string(request.status().message());
    return;
  }
  key_ = std::string(request->key);
  for (const absl::string_view offered : request->subprotocols) subprotocols_.emplace_back(offered);
}

void Conversation::Response(Side& side, absl::string_view head, TapEntry* entry) {
  const absl::StatusOr<weft::HttpResponse> http = weft::ParseHttpResponse(head);
  if (!http.ok()) {
    entry->problem = std::string(http.status().message());
    return;
  }
  if (http->status != 101) {
    client_.state = Side::State::kOpaque;
    entry->text = "does not open a WebSocket";
    return;
  }
  side.state = Side::State::kFrames;
  weft::ExtensionList extensions;
  const absl::StatusOr<std::string> subprotocol =
      weft::CheckUpgradeResponse(*http, key_, subprotocols_, &extensions);
  if (!subprotocol.ok()) {
    entry->problem = std::string(subprotocol.status().message());
    return;
  }
  UseDeflate(extensions, entry);
}

// The agreement is the client's; the server receives the client's messages.
void Conversation::UseDeflate(const weft::ExtensionList& extensions, TapEntry* entry) {
  const absl::StatusOr<std::optional<weft::DeflateAgreement>> agreement =
      weft::CheckDeflateResponse(extensions, {.use = weft::CompressionOptions::Use::kOn});
  if (!agreement.ok()) {
    entry->problem = std::string(agreement.status().message());
    return;
  }
  if (!agreement->has_value()) return;
  deflate_ = true;
  server_.reader.UseDeflate(**agreement);
  client_.reader.UseDeflate({.receive_takeover = (*agreement)->send_takeover,
                             .receive_window_bits = (*agreement)->send_window_bits});
}

void Conversation::ReadFrames(Side& side, absl::string_view bytes) {
  side.reader.Read(bytes, [&](SeenFrame frame) {
    TapEntry entry = NewEntry(TapEntry::Kind::kFrame, side.sender);
    entry.frame = std::move(frame);
    entry.deflate = deflate_;
    log_.Add(std::move(entry));
  });
  NoteProgress(side);
}

void Conversation::NoteProgress(Side& side) {
  const SeenFrame* frame = side.reader.arriving();
  side.has_progress = frame != nullptr;
  if (frame == nullptr) return;
  const absl::Time now = now_();
  if (side.arriving != frame->position) {
    side.arriving = frame->position;
    side.shown_at = now;
  } else if (now >= side.shown_at + kProgressPause) {
    ShowProgress(side, now);
  }
}

void Conversation::ShowProgress(Side& side, absl::Time now) {
  TapEntry entry = NewEntry(TapEntry::Kind::kFrame, side.sender);
  entry.frame = *side.reader.arriving();
  entry.deflate = deflate_;
  log_.Arrive(std::move(entry));
  side.shown_at = now;
  side.has_progress = false;
}

bool Conversation::HasProgress(Role sender) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return SideOf(sender).has_progress;
}

void Conversation::ShowProgress(Role sender) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Side& side = SideOf(sender);
  if (side.has_progress) ShowProgress(side, now_());
}

void Conversation::End(Role sender, absl::string_view error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  log_.recording().End(connection_, sender, now_());
  TapEntry entry = NewEntry(TapEntry::Kind::kNote, sender);
  entry.text = absl::StrCat("the ", RoleName(sender), " ended its stream");
  entry.problem = std::string(error);
  if (const std::optional<SeenFrame> frame = SideOf(sender).reader.Unfinished()) {
    entry.problem =
        absl::StrCat(error, error.empty() ? "" : ": ", "it ended inside a frame, of which ",
                     frame->head.size() + frame->payload_bytes, " bytes came");
  }
  log_.Add(std::move(entry));
}

void Conversation::Begin(const std::string& to) {
  log_.recording().Open(connection_, opened_,
                        absl::StrCat("connection #", connection_, " to ", to));
  Note(absl::StrCat("connected to ", to));
}

void Conversation::Note(absl::string_view text, absl::string_view problem) {
  TapEntry entry = NewEntry(TapEntry::Kind::kNote, Role::kClient);
  entry.text = std::string(text);
  entry.problem = std::string(problem);
  log_.Add(std::move(entry));
}

TapEntry Conversation::NewEntry(TapEntry::Kind kind, Role sender) const {
  TapEntry entry;
  entry.connection = connection_;
  entry.since_open = now_() - opened_;
  entry.sender = sender;
  entry.kind = kind;
  return entry;
}

}  // namespace examples
