#include "examples/chat/rooms.h"

#include <random>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/chat/text.h"
#include "weft/core/frame/utf8.h"

namespace weft::chat {
namespace {

// Lines in the history. More than kShownLines: some are published while a newcomer subscribes.
constexpr size_t kKeptLines = 128;

// Lists of people and typing notices do not fill the queue of a member beyond this, a tenth of what
// chat.cc allows: the rest is for lines. A list of kMaxPeople must fit.
constexpr size_t kHintsUntilBytes = 512 << 10;

constexpr absl::string_view kLines = "lines/";
constexpr absl::string_view kPlain = "plain/";
constexpr absl::string_view kPeople = "people/";

std::string RandomId() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace

std::string LinesOf(absl::string_view room) { return absl::StrCat(kLines, room); }
std::string PlainOf(absl::string_view room) { return absl::StrCat(kPlain, room); }
std::string PeopleOf(absl::string_view room) { return absl::StrCat(kPeople, room); }

TopicOptions OptionsOf(absl::string_view topic) {
  TopicOptions options;
  if (absl::StartsWith(topic, kPeople)) {
    options.shared = true;
    options.when_full = WhenFull::kDropNewest;
    options.max_queue_bytes = kHintsUntilBytes;
  } else if (absl::StartsWith(topic, kLines) || absl::StartsWith(topic, kPlain)) {
    options.shared = true;
    options.history = {.messages = kKeptLines, .time = absl::Hours(24)};
  }
  return options;
}

Rooms::Rooms() : node_(RandomId()) {
  // It must exist, however many rooms people make.
  rooms_[""] = std::make_unique<Room>(node_);
}

absl::StatusOr<Room*> Rooms::Find(absl::string_view name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (absl::Status status = CheckLocked(name); !status.ok()) return status;
  std::unique_ptr<Room>& room = rooms_[std::string(name)];
  if (room == nullptr) room = std::make_unique<Room>(node_);
  return room.get();
}

absl::Status Rooms::Check(absl::string_view name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return CheckLocked(name);
}

absl::Status Rooms::CheckLocked(absl::string_view name) const {
  if (rooms_.contains(std::string(name))) return absl::OkStatus();
  if (!IsValidUtf8(name)) return absl::InvalidArgumentError("the room's name is not UTF-8");
  // Two names that look the same are the same room, or none.
  const absl::StatusOr<std::string> clean = CleanName(name);
  if (!clean.ok()) return clean.status();
  if (*clean != name) {
    return absl::InvalidArgumentError(
        "the room's name has spaces at an end, or characters that cannot be seen");
  }
  if (rooms_.size() <= kMaxRooms) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("there are ", kMaxRooms, " rooms already: join one of them"));
}

}  // namespace weft::chat
