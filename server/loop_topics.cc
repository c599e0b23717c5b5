#include "weft/server/loop_topics.h"

#include <optional>
#include <variant>

#include "weft/server/served_session.h"
#include "weft/server/topics/topics.h"

namespace weft {

void LoopTopics::OnTopicUpdate(const TopicUpdate& update) {
  context_.DeliverPublished();
  if (update.answers.empty()) return GiveToMembers(update);
  std::vector<Part> parts;
  std::optional<size_t> first;  // of `parts`
  for (const TopicUpdate::Answer& answer : update.answers) {
    if (first != answer.first) parts = PartsOf(update, answer.first);
    first = answer.first;
    GiveToJoining(update, answer, parts);
  }
}

std::vector<LoopTopics::Part> LoopTopics::PartsOf(const TopicUpdate& update, size_t first) {
  std::vector<Part> parts;
  for (size_t i = first; i < update.entries.size(); ++i) {
    const Entries entry = Entries(update.entries).subspan(i, 1);
    const TopicMessage* const message = std::get_if<TopicMessage>(entry.data());
    if (message == nullptr) {
      parts.push_back({.entries = entry});
      continue;
    }
    const SendOptions options = {.key = message->key};
    if (parts.empty() || parts.back().batch.empty() ||
        !parts.back().batch.Takes(update.topic, message->message, options)) {
      parts.push_back({.entries = entry});
    } else {
      parts.back().entries = {parts.back().entries.data(), parts.back().entries.size() + 1};
    }
    parts.back().batch.Add(update.topic, message->message, options);
  }
  return parts;
}

void LoopTopics::GiveToMembers(const TopicUpdate& update) {
  for (const Part& part : PartsOf(update, 0)) {
    if (part.batch.empty()) {
      // The handler may change the table.
      context_.topics().ForEachMember(update.topic, [&](ServedSession& session) {
        session.TellTopic(update.topic, std::get<TopicEvent>(part.entries[0]));
      });
      continue;
    }
    context_.topics().ForEachSubscriber(update.topic,
                                        [&](ServedSession& session, const TopicOptions& options) {
                                          session.GiveMessages(part.batch, part.entries, options,
                                                               /*is_live=*/true);
                                        });
  }
}

void LoopTopics::GiveToJoining(const TopicUpdate& update, const TopicUpdate::Answer& answer,
                               const std::vector<Part>& parts) {
  std::optional<Topics::Joining> joining =
      context_.topics().FindJoining(update.topic, answer.number);
  if (!joining.has_value()) return;  // it has unsubscribed, or ended
  if (answer.event.has_value()) {
    joining->session->TellTopic(update.topic, *answer.event);
    joining = context_.topics().FindJoining(update.topic, answer.number);
    if (!joining.has_value()) return;
  }
  for (const Part& part : parts) {
    joining->session->GiveMessages(part.batch, part.entries, *joining->options, /*is_live=*/false);
  }
  if (answer.is_last) context_.topics().Joined(update.topic, answer.number);
}

}  // namespace weft
