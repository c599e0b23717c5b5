#include "weft/bench/cluster/soak_check.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "weft/bench/cluster/plain_topic_log.h"
#include "weft/cluster/testing/topic_log.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"

namespace weft::bench {
namespace {

using testing::TopicLog;

std::string NameOf(const TopicEvent& event) {
  switch (event.type) {
    case TopicEvent::Type::kGap:
      return absl::StrCat("gap ", GapReasonName(event.reason));
    case TopicEvent::Type::kJoined:
      return "joined";
    default:
      return "resumed";
  }
}

}  // namespace

void CheckAll(World& world) {
  const auto fail_of = [&world](const std::string& topic) {
    return [&world, topic](const std::string& text) {
      world.errors.push_back(absl::StrCat(topic, ": ", text));
    };
  };
  TopicLog::Sums kept;
  std::map<std::string, size_t> events;
  for (auto& [topic, log] : world.topics) {
    log.reads_may_fail = true;
    const TopicLog::Sums sums = log.Check(fail_of(topic));
    kept.stored += sums.stored;
    kept.delivered += sums.delivered;
    kept.gaps += sums.gaps;
    for (const auto& [reader, entries] : log.nodes) {
      for (const TopicLog::Entry& entry : entries) {
        if (entry.event.has_value()) ++events[NameOf(*entry.event)];
      }
    }
  }
  PlainTopicLog::Sums plain;
  for (const auto& [topic, log] : world.plain_topics) {
    const PlainTopicLog::Sums sums = log.Check(fail_of(topic));
    plain.acknowledged += sums.acknowledged;
    plain.delivered += sums.delivered;
    plain.holes += sums.holes;
  }
  std::cout << absl::StreamFormat(
      "%d sessions; %d acknowledged, %d stored, %d delivered, %d gaps:", world.sessions,
      world.published - plain.acknowledged, kept.stored, kept.delivered, kept.gaps);
  for (const auto& [name, count] : events) std::cout << " " << name << " " << count;
  std::cout << absl::StreamFormat(
      "; without history %d acknowledged, %d delivered, %d holes; %d violations\n",
      plain.acknowledged, plain.delivered, plain.holes, world.errors.size());
  for (size_t i = 0; i < std::min<size_t>(world.errors.size(), 20); ++i) {
    std::cout << world.errors[i] << "\n";
  }
  std::cout.flush();
}

void WriteEvents(const World& world, const std::string& path) {
  std::ofstream out(path);
  for (const auto& [topic, log] : world.topics) {
    for (const TopicState& epoch : log.epochs) {
      out << topic << ": epoch " << epoch.position.epoch.text() << ", first seen at "
          << epoch.position.offset << ", after \"" << epoch.previous_end.ToString() << "\"\n";
    }
    for (const auto& [reader, entries] : log.nodes) {
      Position last;
      for (const TopicLog::Entry& entry : entries) {
        if (entry.event.has_value()) {
          out << topic << ": reader " << reader << " at \"" << last.ToString()
              << "\": " << NameOf(*entry.event) << " " << entry.position.ToString() << "\n";
        }
        last = entry.position;
      }
    }
  }
}

}  // namespace weft::bench
