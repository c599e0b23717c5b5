#include "examples/cursors/company.h"

#include <string>

#include "absl/strings/string_view.h"
#include "examples/cursors/paths.h"

namespace weft::cursors {
namespace {

constexpr absl::string_view kNames[] = {"Ada", "Bit", "Pixel"};
constexpr int kBots = 3;
constexpr int kCrowd = 60;  // of that many, the first are in different groups

// Each clicks once in a while, and draws for a part of its time; not all at the same moment.
Marks MarksAt(int bot, int64_t time_ms) {
  const int64_t own_ms = time_ms + 2100 * bot;
  return {.pen = own_ms % 9000 < 3500, .clicks = static_cast<uint8_t>(own_ms / 6000 % 128)};
}

}  // namespace

void Company::Tick(Room& room, int64_t now_ms) {
  if (room.size() != 1) {
    for (const CursorId bot : bots_) room.RemoveBot(bot);
    bots_.clear();
    return;
  }
  if (bots_.empty()) {
    since_ms_ = now_ms;
    for (const absl::string_view name : kNames) bots_.push_back(room.AddBot(std::string(name)));
  }
  const int64_t time_ms = now_ms - since_ms_;
  for (int bot = 0; bot < kBots; ++bot) {
    const Place place = PlaceOfBot(bot, kCrowd, static_cast<double>(time_ms) / 1000);
    room.MoveBot(bots_[bot], place, MarksAt(bot, time_ms), now_ms);
  }
}

}  // namespace weft::cursors
