#include "bench/restart/chat_member.h"

#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "weft/client/async/async_client.h"
#include "weft/core/message.h"

namespace weft::bench {

// ---- ChatVoice ----

void ChatVoice::Say(const ReconnectRef& member) {
  ++log_.said;
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t n = ++last_;
  const nlohmann::json line = {
      {"type", "say"}, {"n", n}, {"text", absl::StrCat("line ", n, " of ", name_)}};
  const std::string& text = waiting_[n] = line.dump();
  // One that is not sent is said again by Begin().
  if (is_heard_) member.SendText(text).IgnoreError();
}

void ChatVoice::Begin(AsyncClient& client) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(is_heard_, true)) return;
  for (const auto& [n, line] : waiting_) client.SendText(line).IgnoreError();
}

void ChatVoice::Pause() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_heard_ = false;
}

void ChatVoice::Settle(uint64_t n) {
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_.erase(n);
}

// ---- ChatMember ----

void ChatMember::OnOpen(AsyncClient& client) {
  const std::string& name = voice_->name();
  nlohmann::json hello = {{"type", "hello"}, {"key", name}, {"sender", name}, {"name", name}};
  if (!epoch_.empty()) hello["since"] = absl::StrCat(epoch_, ".", offset_);
  client.SendText(hello.dump()).IgnoreError();
}

void ChatMember::OnMessage(AsyncClient& client, const Message& message) {
  // The people of the room are a long text, which is not checked here.
  if (absl::EndsWith(message.payload, R"("type":"people"})")) return;
  const auto json = nlohmann::json::parse(message.payload.begin(), message.payload.end(), nullptr,
                                          /*allow_exceptions=*/false);
  const std::string type = json.is_object() ? json.value("type", "") : "";
  if (type == "at") return OnPosition(client, json.value("position", ""));
  if (type == "line") return OnLine(json.value("id", ""));
  if (type == "gap") return counts().CountFailure(absl::DataLossError("a gap in the lines"));
  if (type == "welcome") return counts().Count("entries into the room");
  if (type != "typing") counts().CountFailure(absl::InternalError(std::string(message.payload)));
}

void ChatMember::OnPosition(AsyncClient& client, absl::string_view position) {
  if (epoch_.empty()) ++log_.members;
  const std::vector<std::string> parts = absl::StrSplit(position, '.');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &offset_)) {
    return counts().CountFailure(absl::InternalError(absl::StrCat("the position ", position)));
  }
  epoch_ = parts[0];
  voice_->Begin(client);
}

// The id is WRITER.SENDER.N.
void ChatMember::OnLine(const std::string& id) {
  ++offset_;
  const std::vector<absl::string_view> parts = absl::StrSplit(id, '.');
  uint64_t n = 0;
  if (parts.size() == 3 && parts[1] == voice_->name() && absl::SimpleAtoi(parts[2], &n)) {
    voice_->Settle(n);
  }
  if (!shown_.insert(absl::HashOf(id)).second) return counts().Count("lines received twice");
  order_ = absl::HashOf(order_, id);
  ++log_.shown;
}

void ChatMember::OnClose(AsyncClient& /*client*/, const CloseInfo& /*info*/) { voice_->Pause(); }

void ChatMember::OnEnd(const absl::Status& /*why*/) {
  const std::lock_guard<std::mutex> lock(log_.mutex);
  log_.orders.insert(order_);
}

}  // namespace weft::bench
