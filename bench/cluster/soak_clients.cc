#include "weft/bench/cluster/soak_clients.h"

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace weft::bench {

void Die(const absl::Status& status) {
  std::cerr << status << "\n";
  std::_Exit(1);
}

void World::Fail(std::string text) {
  const std::lock_guard<std::mutex> lock(mutex);
  errors.push_back(std::move(text));
}

void World::Acknowledge(const std::string& payload, Position position) {
  const std::string topic = payload.substr(0, payload.find(':'));
  ++published;
  if (position.is_set()) {
    topics[topic].acknowledged[payload] = position;
  } else {
    plain_topics[topic].Acknowledge(payload);
  }
}

std::unique_ptr<Client> World::Connect(size_t node) const {
  const uint16_t port = nodes[node]->port();
  if (port == 0) return nullptr;
  auto client = Client::Connect(
      absl::StrCat("ws://127.0.0.1:", port, "/"),
      {.proxy = "direct", .timeouts = {.connect = absl::Seconds(2), .send = absl::Seconds(2)}});
  return client.ok() ? *std::move(client) : nullptr;
}

// ---- Reader ----

void Reader::Run() {
  while (world_.reading) {
    client_ = world_.Connect(random_.Below(kSoakNodes));
    if (client_ == nullptr) {
      absl::SleepFor(absl::Milliseconds(20));
      continue;
    }
    Session();
    client_ = nullptr;
  }
}

void Reader::Session() {
  joined_.clear();
  {
    const std::lock_guard<std::mutex> lock(world_.mutex);
    ++world_.sessions;
    for (const absl::string_view topic : kPlainTopics) {
      world_.plain_topics[std::string(topic)].BeginSession(number_);
    }
  }
  for (const absl::string_view topic : kSoakTopics) {
    const Position since = positions_[std::string(topic)];
    if (!client_->SendText(absl::StrCat("sub ", topic, " ", since.ToString())).ok()) return;
  }
  for (const absl::string_view topic : kPlainTopics) {
    if (!client_->SendText(absl::StrCat("sub ", topic, " ")).ok()) return;
  }
  const absl::Time leave = absl::Now() + random_.Between(absl::Milliseconds(100), absl::Seconds(8));
  absl::Time heard = absl::Now();
  while (world_.reading) {
    absl::StatusOr<Message> message = client_->Receive(absl::Milliseconds(100));
    if (message.ok()) {
      heard = absl::Now();
      Take(*message);
    } else if (!absl::IsDeadlineExceeded(message.status()) ||
               absl::Now() - heard > absl::Seconds(5)) {
      return;
    }
    if (world_.publishing && absl::Now() > leave) return;
  }
}

void Reader::Take(const Message& message) {
  testing::TopicLog::Entry entry;
  std::string topic;
  if (message.opcode == Opcode::kBinary) {
    const auto named = ParseEvent(message.payload);
    if (!named.ok()) Die(named.status());
    topic = named->topic;
    entry = {.position = named->event.position, .event = named->event};
    joined_.insert(topic);
  } else {
    topic = std::string(message.payload.substr(0, message.payload.find(':')));
    if (joined_.count(topic) == 0) {
      return world_.Fail(absl::StrCat("reader ", number_, ": ", message.payload,
                                      " came before the event of its session"));
    }
    entry = {.position = positions_[topic], .payload = std::string(message.payload)};
    ++entry.position.offset;
  }
  if (!IsKept(topic)) return TakePlain(topic, message);
  positions_[topic] = entry.position;
  const std::lock_guard<std::mutex> lock(world_.mutex);
  world_.positions[number_][topic] = entry.position;
  world_.topics[topic].nodes[number_].push_back(std::move(entry));
}

// Its events, "joined" and gaps, have no position.
void Reader::TakePlain(const std::string& topic, const Message& message) {
  const std::lock_guard<std::mutex> lock(world_.mutex);
  PlainTopicLog& log = world_.plain_topics[topic];
  if (message.opcode == Opcode::kBinary) {
    log.Report(number_);
  } else {
    log.Deliver(number_, std::string(message.payload));
  }
}

// ---- Publisher ----

void Publisher::Run() {
  while (world_.publishing) {
    const std::unique_ptr<Client> client = world_.Connect(random_.Below(kSoakNodes));
    ++sessions_;
    const absl::Time leave =
        absl::Now() + random_.Between(absl::Milliseconds(100), absl::Seconds(8));
    while (client != nullptr && world_.publishing && absl::Now() < leave) {
      if (!Burst(*client)) break;
      absl::SleepFor(random_.Between(absl::ZeroDuration(), absl::Milliseconds(40)));
    }
    if (client == nullptr) absl::SleepFor(absl::Milliseconds(20));
  }
}

// Publishes some messages and waits for their outcomes. A message is never published again.
bool Publisher::Burst(Client& client) {
  const size_t count = 1 + random_.Below(8);
  for (size_t i = 0; i < count; ++i) {
    const size_t n = random_.Below(std::size(kSoakTopics) + std::size(kPlainTopics));
    const absl::string_view topic =
        n < std::size(kSoakTopics) ? kSoakTopics[n] : kPlainTopics[n - std::size(kSoakTopics)];
    const std::string payload =
        absl::StrCat(topic, ":", number_, ".", sessions_, "-", ++published_);
    if (!client.SendText(absl::StrCat("pub ", topic, " ", payload)).ok()) return false;
  }
  for (size_t i = 0; i < count; ++i) {
    const absl::StatusOr<Message> message = client.Receive(absl::Seconds(8));
    if (!message.ok()) return false;
    const std::vector<std::string> words = absl::StrSplit(message->payload, ' ');
    if (words.size() < 2 || words[0] != "done") Die(absl::InternalError(message->payload));
    if (words.size() < 3) continue;
    const std::lock_guard<std::mutex> lock(world_.mutex);
    world_.Acknowledge(words[1], *ParsePosition(words[2]));
  }
  return true;
}

}  // namespace weft::bench
