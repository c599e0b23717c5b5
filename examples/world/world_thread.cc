#include "examples/world/world_thread.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace weft::world {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTick =
    std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / kTicksPerSecond;

// If the world is further behind than this, it does not catch up: it would only fall further
// behind.
constexpr int kMaxTicksBehind = 6;

// Observers see the world at most this many ticks late.
constexpr int kTicksPerLook = kTicksPerSecond / 6;

// Quantized numbers hardly repeat: compression would cost more than it saves.
void Send(const SessionRef& session, absl::string_view message) {
  // A session that has ended calls Leave. A queue is never full: a client that does not acknowledge
  // gets no more snapshots.
  session.SendBinary(message, {.compress = Compress::kNo}).IgnoreError();
}

uint16_t TensOfMicroseconds(absl::Duration time) {
  return static_cast<uint16_t>(std::min<int64_t>(absl::ToInt64Microseconds(time) / 10, UINT16_MAX));
}

}  // namespace

WorldThread::WorldThread(absl::Span<const Placement> bodies)
    : game_(bodies), thread_([this] { Run(); }) {}

WorldThread::~WorldThread() {
  stop_ = true;
  thread_.join();
}

uint64_t WorldThread::Join(SessionRef session) {
  ++players_;
  const uint64_t player = ++joined_;
  Post({player, std::move(session)});
  return player;
}

void WorldThread::Leave(uint64_t player) {
  --players_;
  Post({player, Gone()});
}

void WorldThread::OnInput(uint64_t player, const Input& input) { Post({player, input}); }

void WorldThread::OnAcknowledgement(uint64_t player, const Acknowledgement& acknowledgement) {
  Post({player, acknowledgement});
}

void WorldThread::OnName(uint64_t player, Name name) { Post({player, std::move(name)}); }

std::vector<State> WorldThread::Look() {
  std::lock_guard<std::mutex> lock(mutex_);
  return look_;
}

void WorldThread::Post(Event event) {
  std::lock_guard<std::mutex> lock(mutex_);
  inbox_.push_back(std::move(event));
}

void WorldThread::Run() {
  std::vector<Event> events;
  Clock::time_point next = Clock::now();
  for (int tick = 0; !stop_; ++tick) {
    const Clock::time_point begin = Clock::now();
    events.clear();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      events.swap(inbox_);
    }
    for (const Event& event : events) Apply(event);
    game_.Tick([this](uint64_t player, absl::string_view message) {
      Send(sessions_.at(player), message);
    });
    if (tick % kTicksPerSecond == 0) SendFigures();
    if (tick % kTicksPerLook == 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      look_ = game_.All();
    }
    const Clock::time_point end = Clock::now();
    times_.Add(absl::FromChrono(end - begin));

    next = std::max(next + kTick, end - kMaxTicksBehind * kTick);
    std::this_thread::sleep_until(next);
  }
}

void WorldThread::Apply(const Event& event) {
  if (const auto* session = std::get_if<SessionRef>(&event.what)) {
    sessions_.insert_or_assign(event.player, *session);
    Send(*session, game_.Join(event.player));
  } else if (const auto* input = std::get_if<Input>(&event.what)) {
    game_.OnInput(event.player, *input);
  } else if (const auto* acknowledgement = std::get_if<Acknowledgement>(&event.what)) {
    game_.OnAcknowledgement(event.player, *acknowledgement);
  } else if (const auto* name = std::get_if<Name>(&event.what)) {
    game_.OnName(event.player, *name);
  } else {
    game_.Leave(event.player);
    sessions_.erase(event.player);
  }
}

void WorldThread::SendFigures() {
  Figures figures = game_.figures();
  figures.tick_median = TensOfMicroseconds(times_.Quantile(0.5));
  figures.tick_p99 = TensOfMicroseconds(times_.Quantile(0.99));
  const std::string message = Encode(figures);
  for (const auto& [player, session] : sessions_) Send(session, message);
}

}  // namespace weft::world
