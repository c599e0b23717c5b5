#include "weft/bench/cluster/plain_topic_log.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace weft::bench {
namespace {

std::pair<std::string, uint64_t> SessionAndNumber(absl::string_view payload) {
  const size_t dash = payload.rfind('-');
  uint64_t number = 0;
  if (dash != absl::string_view::npos && absl::SimpleAtoi(payload.substr(dash + 1), &number)) {
    payload = payload.substr(0, dash);
  }
  return {std::string(payload), number};
}

// The last message of a publisher's session that a reader has got.
struct Last {
  uint64_t number;
  bool may_miss = false;  // an event came after it
};

}  // namespace

void PlainTopicLog::Acknowledge(absl::string_view payload) {
  auto [session, number] = SessionAndNumber(payload);
  acknowledged_[std::move(session)].insert(number);
}

PlainTopicLog::Sums PlainTopicLog::Check(const Fail& fail) const {
  Sums sums;
  for (const auto& [session, numbers] : acknowledged_) sums.acknowledged += numbers.size();
  for (const auto& [reader, entries] : entries_) {
    std::map<std::string, Last> last;  // by session of a publisher
    std::set<std::string> seen;        // payloads
    for (const Entry& entry : entries) {
      if (entry.type == Type::kSession) {
        last.clear();
        seen.clear();
      } else if (entry.type == Type::kEvent) {
        for (auto& [session, of_session] : last) of_session.may_miss = true;
      } else {
        ++sums.delivered;
        const auto failed = [&, reader = reader](absl::string_view what) {
          fail(absl::StrCat("reader ", reader, ": ", entry.payload, " ", what));
        };
        if (!seen.insert(entry.payload).second) failed("came twice");
        const auto [session, number] = SessionAndNumber(entry.payload);
        const auto numbers = acknowledged_.find(session);
        if (numbers == acknowledged_.end() || numbers->second.count(number) == 0) continue;
        const auto [before, is_first] = last.try_emplace(session, Last{number});
        if (is_first) continue;
        const Last previous = std::exchange(before->second, Last{number});
        if (number < previous.number) failed("came after a later one of its publisher");
        const auto next = numbers->second.upper_bound(previous.number);
        if (number <= previous.number || *next == number) continue;
        ++sums.holes;
        if (!previous.may_miss) {
          failed(absl::StrCat("came after ", previous.number, ", without ", *next, " or an event"));
        }
      }
    }
  }
  return sums;
}

}  // namespace weft::bench
