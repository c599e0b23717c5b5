// The updates of topics at one loop.

#ifndef WEFT_SERVER_LOOP_TOPICS_H_
#define WEFT_SERVER_LOOP_TOPICS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "weft/loop/mailbox.h"
#include "weft/server/loop_context.h"
#include "weft/server/topics/publish_batch.h"
#include "weft/server/topics/topic_update.h"

namespace weft {

// Passes updates of topics that a broker carries to the sessions of a loop. For its thread, but
// mailbox().
class LoopTopics final : public TopicLoop {
 public:
  // The context must outlive this.
  explicit LoopTopics(LoopContext& context) : context_(context) {}

  const std::shared_ptr<Mailbox>& mailbox() const override { return context_.mailbox(); }
  void OnTopicUpdate(const TopicUpdate& update) override;

 private:
  using Entries = absl::Span<const TopicUpdate::Entry>;

  // Messages that are sent together; or none, and one event.
  struct Part {
    PublishBatch batch{};
    Entries entries{};
  };

  static std::vector<Part> PartsOf(const TopicUpdate& update, size_t first);
  void GiveToMembers(const TopicUpdate& update);
  void GiveToJoining(const TopicUpdate& update, const TopicUpdate::Answer& answer,
                     const std::vector<Part>& parts);

  LoopContext& context_;
};

}  // namespace weft

#endif  // WEFT_SERVER_LOOP_TOPICS_H_
