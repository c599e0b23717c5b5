#include "course/07_closing/closing.h"

#include <cstddef>
#include <cstdint>

#include "course/05_text/text.h"

namespace course {
namespace {

constexpr size_t kMaxReason = 123;  // a control frame has 125 bytes at most, 2 are the code

bool IsUtf8(absl::string_view text) {
  Utf8Checker checker;
  return checker.Append(text) && checker.AtEnd();
}

// Whether the byte is one of the middle or the end of a character.
bool Continues(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

}  // namespace

bool MayBeSent(int code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

std::string ClosePayload(int code, absl::string_view reason) {
  if (!MayBeSent(code)) return "";
  if (reason.size() > kMaxReason) {
    size_t end = kMaxReason;
    while (end > 0 && Continues(reason[end])) --end;
    reason = reason.substr(0, end);
  }
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
  payload.append(reason.data(), reason.size());
  return payload;
}

std::optional<Failure> ReadClosePayload(absl::string_view payload, CloseInfo* info) {
  if (payload.empty()) {
    *info = {kNoCode, ""};
    return std::nullopt;
  }
  if (payload.size() == 1) return Failure{1002, "a close payload of one byte"};
  const int code = static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
  if (!MayBeSent(code)) return Failure{1002, "a close code that must not be sent"};
  const absl::string_view reason = payload.substr(2);
  if (!IsUtf8(reason)) return Failure{1007, "the reason is not UTF-8"};
  *info = {code, std::string(reason)};
  return std::nullopt;
}

std::optional<std::string> Closing::Start(int code, absl::string_view reason) {
  if (sent_) return std::nullopt;
  sent_ = true;
  return ClosePayload(code, reason);
}

std::optional<std::string> Closing::PeerSent(absl::string_view payload) {
  if (const std::optional<Failure> failure = ReadClosePayload(payload, &info_)) {
    return Fail(*failure);
  }
  received_ = true;
  return Start(info_.code, "");
}

std::optional<std::string> Closing::Fail(const Failure& failure) {
  failed_ = true;
  return Start(failure.code, failure.reason);
}

void Closing::Ended() { ended_ = true; }

bool Closing::may_send() const { return !sent_ && !ended_; }

Socket Closing::socket() const {
  if (ended_) return Socket::kClose;
  if (failed_) return Socket::kHalfClose;
  if (!sent_ || !received_) return Socket::kOpen;
  return role_ == Role::kServer ? Socket::kHalfClose : Socket::kWait;
}

}  // namespace course
