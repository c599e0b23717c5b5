#include "weft/core/testing/feed.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "weft/core/testing/frames.h"

namespace weft::testing {
namespace {

constexpr uint32_t kRandomRounds = 10;

// A message that was taken and outlives its event.
struct Taken {
  Event event;
  std::string description;
  Buffer memory;
  std::vector<char> scratch;
};

std::string Text(const Outcome& outcome) {
  return absl::StrCat("events: ", absl::StrJoin(outcome.events, " | "),
                      "\nsent: ", absl::StrJoin(outcome.sent, " | "), "\nstatus: ", outcome.status);
}

}  // namespace

std::string Describe(const Event& event) {
  switch (event.type) {
    case Event::Type::kMessage:
      return absl::StrCat(OpcodeName(event.opcode), event.first && !event.last ? " [begin]" : "",
                          event.last && !event.first ? " [end]" : "",
                          !event.first && !event.last ? " [more]" : "", " ", event.payload);
    case Event::Type::kPing:
      return absl::StrCat("ping ", event.payload);
    case Event::Type::kPong:
      return absl::StrCat("pong ", event.payload);
    case Event::Type::kClose:
      break;
  }
  return absl::StrCat("close ", static_cast<int>(event.close_code),
                      event.payload.empty() ? "" : " ", event.payload);
}

Cuts Cuts::Whole() {
  Cuts cuts;
  cuts.size_ = SIZE_MAX;
  cuts.scratch_size_ = 512 << 10;
  return cuts;
}

Cuts Cuts::ByteByByte() { return Cuts(); }

Cuts Cuts::Random(uint32_t seed) {
  Cuts cuts;
  cuts.state_ = seed * 2654435761u | 1;
  cuts.scratch_size_ = 1 + cuts.Next() * 2;
  return cuts;
}

Cuts Cuts::WithRests() const {
  Cuts cuts = *this;
  cuts.has_rests_ = true;
  return cuts;
}

Cuts Cuts::WithPayloadsTaken() const {
  Cuts cuts = *this;
  cuts.takes_payloads_ = true;
  return cuts;
}

size_t Cuts::Next() {
  if (state_ == 0) return size_;
  state_ ^= state_ << 13;
  state_ ^= state_ >> 17;
  state_ ^= state_ << 5;
  return 1 + state_ % 300;
}

std::vector<std::string> Feed(Connection& connection, absl::string_view input, Cuts cuts,
                              bool eof) {
  std::vector<std::string> events;
  std::vector<Taken> taken;
  // On the heap and of the exact size, so that a sanitizer reports a read outside.
  std::vector<char> scratch(cuts.scratch_size());
  auto drain = [&] {
    while (const std::optional<Event> event = connection.NextEvent()) {
      events.push_back(Describe(*event));
      if (cuts.takes_payloads() && event->type == Event::Type::kMessage) {
        taken.push_back({*event, events.back(), connection.TakePayload(), std::move(scratch)});
        scratch = std::vector<char>(cuts.scratch_size());
        continue;
      }
      if (!cuts.has_rests()) continue;
      connection.KeepInput();
      std::fill(scratch.begin(), scratch.end(), '#');
    }
    std::fill(scratch.begin(), scratch.end(), '#');
    connection.Rest();
  };
  while (!input.empty()) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
    const size_t size = std::min({input.size(), into.size(), cuts.Next()});
    std::memcpy(into.data(), input.data(), size);
    input.remove_prefix(size);
    connection.DidRead(size);
    drain();
  }
  if (eof) {
    connection.DidReadEof();
    drain();
  }
  for (const Taken& one : taken) {
    if (Describe(one.event) != one.description) events.push_back("a taken payload changed");
  }
  return events;
}

Outcome FeedInEveryWay(Role role, const ConnectionOptions& options, absl::string_view input,
                       absl::FunctionRef<void(const std::string&)> differs, bool eof,
                       const std::optional<DeflateAgreement>& deflate) {
  BufferPool pool;
  CodecPool codecs;
  ConnectionOptions with_pools = options;
  with_pools.pool = &pool;
  with_pools.codecs = &codecs;
  ConnectionGroup group(role, with_pools);
  auto run = [&](Cuts cuts, bool pooled) {
    const std::unique_ptr<Connection> own =
        pooled ? std::make_unique<Connection>(group) : std::make_unique<Connection>(role, options);
    Connection& connection = *own;
    if (deflate.has_value()) connection.UseDeflate(*deflate, pooled ? with_pools : options);
    Outcome outcome;
    outcome.events = Feed(connection, input, cuts, eof);
    outcome.sent = DescribeFrames(connection.WriteBuffer());
    outcome.status = connection.status().ToString();
    return outcome;
  };
  Outcome first = run(Cuts::Whole(), false);
  auto check = [&](absl::string_view how, const Outcome& outcome) {
    if (Text(outcome) == Text(first)) return;
    differs(absl::StrCat(how, ":\n", Text(outcome), "\nwhole:\n", Text(first)));
  };
  check("byte by byte", run(Cuts::ByteByByte(), false));
  check("whole, with pools", run(Cuts::Whole(), true));
  check("whole, with rests", run(Cuts::Whole().WithRests(), true));
  check("whole, payloads taken", run(Cuts::Whole().WithPayloadsTaken(), true));
  check("byte by byte, payloads taken", run(Cuts::ByteByByte().WithPayloadsTaken(), false));
  for (uint32_t seed = 1; seed <= kRandomRounds; ++seed) {
    check(absl::StrCat("cut at random, seed ", seed), run(Cuts::Random(seed), true));
    check(absl::StrCat("cut at random, with rests, seed ", seed),
          run(Cuts::Random(seed).WithRests(), false));
    check(absl::StrCat("cut at random, payloads taken, seed ", seed),
          run(Cuts::Random(seed).WithPayloadsTaken(), true));
  }
  return first;
}

}  // namespace weft::testing
