#include "weft/cluster/redis/wire.h"

#include <cstdint>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/cluster/envelope.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"
#include "weft/server/topics/broker.h"

namespace weft {
namespace {

// Takes the digits before `end`, a number up to Position::kMaxOffset.
std::optional<uint64_t> TakeNumber(char end, absl::string_view* from) {
  const size_t size = from->substr(0, 17).find(end);
  if (size == absl::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> number = ParseDecimal(from->substr(0, size), Position::kMaxOffset);
  if (!number.has_value()) return std::nullopt;
  from->remove_prefix(size + 1);
  return number;
}

// A number that is all of the text.
std::optional<uint64_t> WholeNumber(absl::string_view text) {
  const std::string ended = absl::StrCat(text, " ");
  absl::string_view rest = ended;
  const std::optional<uint64_t> number = TakeNumber(' ', &rest);
  return rest.empty() ? number : std::nullopt;
}

absl::Status NotABatch(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("a message of a channel that is not a batch of "
                   "envelopes: ",
                   what));
}

absl::Status WrongReply(absl::string_view of) {
  return absl::InternalError(
      absl::StrCat("the script's reply to \"", of, "\" is not one that topic.lua sends"));
}

// An epoch, which is set or, where that is allowed, empty.
absl::StatusOr<Epoch> EpochOf(const RespValue& value) {
  return value.text.empty() ? Epoch() : Epoch::Parse(value.text);
}

std::optional<uint64_t> OffsetOf(const RespValue& value) {
  if (!value.is(RespValue::Type::kInteger) || value.integer < 0 ||
      static_cast<uint64_t>(value.integer) > Position::kMaxOffset) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(value.integer);
}

}  // namespace

std::string RedisNames::Meta(absl::string_view topic) const {
  return absl::StrCat(prefix_, ":m:{", topic, "}");
}
std::string RedisNames::History(absl::string_view topic) const {
  return absl::StrCat(prefix_, ":h:{", topic, "}");
}
std::string RedisNames::Id(absl::string_view topic, absl::string_view id) const {
  return absl::StrCat(prefix_, ":i:", topic.size(), ":{", topic, "}", id);
}
std::string RedisNames::Channel(absl::string_view topic) const {
  return absl::StrCat(prefix_, ":c:{", topic, "}");
}
std::string RedisNames::NodeChannel(absl::string_view node) const {
  return absl::StrCat(prefix_, ":n:", node);
}

std::optional<absl::string_view> RedisNames::TopicOf(absl::string_view channel) const {
  if (!absl::ConsumePrefix(&channel, prefix_) || !absl::ConsumePrefix(&channel, ":c:{") ||
      !absl::ConsumeSuffix(&channel, "}")) {
    return std::nullopt;
  }
  return channel;
}

absl::StatusOr<std::string> BatchText(const std::vector<TopicMessage>& messages) {
  std::string text = absl::StrCat("- 0 ", messages.size(), " ");
  std::string envelope;
  for (const TopicMessage& message : messages) {
    envelope.clear();
    if (absl::Status status = AppendEnvelope(message, &envelope); !status.ok()) return status;
    absl::StrAppend(&text, envelope.size(), ":", envelope);
  }
  return text;
}

absl::StatusOr<TopicBatch> ParseBatch(absl::string_view bytes) {
  TopicBatch batch;
  const size_t epoch_size = bytes.substr(0, Epoch::kMaxBytes + 1).find(' ');
  if (epoch_size == absl::string_view::npos) return NotABatch("it does not begin with an epoch");
  const absl::string_view epoch = bytes.substr(0, epoch_size);
  if (epoch != "-") {
    absl::StatusOr<Epoch> parsed = Epoch::Parse(epoch);
    if (!parsed.ok()) return NotABatch(absl::StrCat("its epoch is ", Quote(epoch)));
    batch.last.epoch = *parsed;
  }
  bytes.remove_prefix(epoch_size + 1);
  const std::optional<uint64_t> offset = TakeNumber(' ', &bytes);
  const std::optional<uint64_t> count = TakeNumber(' ', &bytes);
  if (!offset.has_value() || !count.has_value()) {
    return NotABatch("its offset or its count is not a number");
  }
  if (*count == 0 || *count > Broker::kMaxPublishMessages ||
      (batch.last.is_set() ? *offset < *count : *offset != 0)) {
    return NotABatch(absl::StrCat(*count, " messages up to the offset ", *offset));
  }
  batch.last.offset = *offset;
  batch.count = static_cast<size_t>(*count);
  batch.messages.reserve(batch.count);
  for (uint64_t i = 1; i <= *count; ++i) {
    const std::optional<uint64_t> size = TakeNumber(':', &bytes);
    if (!size.has_value() || *size > bytes.size()) {
      return NotABatch(absl::StrCat("message ", i, " of ", *count, " is not complete"));
    }
    absl::StatusOr<TopicMessage> message = ParseEnvelope(bytes.substr(0, *size));
    bytes.remove_prefix(*size);
    if (!message.ok()) {
      batch.unreadable = message.status();
      continue;
    }
    if (batch.last.is_set()) message->position = {batch.last.epoch, *offset - *count + i};
    batch.messages.push_back(*std::move(message));
  }
  if (!bytes.empty())
    return NotABatch(absl::StrCat(bytes.size(), " bytes follow the last message"));
  return batch;
}

absl::StatusOr<Position> ParsePublished(const RespValue& reply) {
  if (reply.elements.size() != 2) return WrongReply("publish");
  const std::optional<uint64_t> offset = OffsetOf(reply.elements[1]);
  if (!offset.has_value()) return WrongReply("publish");
  if (reply.elements[0].IsText("-")) return Position();
  absl::StatusOr<Epoch> epoch = Epoch::Parse(reply.elements[0].text);
  if (!epoch.ok()) return WrongReply("publish");
  return Position{*epoch, *offset};
}

absl::StatusOr<TopicState> ParseState(const std::vector<RespValue>& fields) {
  if (fields.size() < 4) return WrongReply("check");
  absl::StatusOr<Epoch> epoch = Epoch::Parse(fields[0].text);
  const absl::StatusOr<Epoch> previous = EpochOf(fields[2]);
  const std::optional<uint64_t> offset = OffsetOf(fields[1]);
  const std::optional<uint64_t> ended = OffsetOf(fields[3]);
  if (!epoch.ok() || !previous.ok() || !offset.has_value() || !ended.has_value()) {
    return WrongReply("check");
  }
  TopicState state = {.position = {*epoch, *offset}};
  if (previous->is_set()) state.previous_end = {*previous, *ended};
  return state;
}

std::optional<TopicState> ParseMeta(const RespValue& reply, absl::string_view history_id) {
  const std::vector<RespValue>& fields = reply.elements;
  if (fields.size() != std::size(kMetaFields) || fields[2].text != history_id) return std::nullopt;
  const absl::StatusOr<Epoch> epoch = Epoch::Parse(fields[0].text);
  const std::optional<uint64_t> offset = WholeNumber(fields[1].text);
  if (!epoch.ok() || !offset.has_value()) return std::nullopt;
  TopicState state = {.position = {*epoch, *offset}};
  if (fields[3].text.empty()) return state;
  const absl::StatusOr<Epoch> previous = Epoch::Parse(fields[3].text);
  const std::optional<uint64_t> ended = WholeNumber(fields[4].text);
  if (!previous.ok() || !ended.has_value()) return std::nullopt;
  state.previous_end = {*previous, *ended};
  return state;
}

absl::StatusOr<HistoryPage> ParsePage(const RespValue& reply, Position since, size_t limit) {
  if (reply.elements.size() != 5) return WrongReply("read");
  absl::StatusOr<TopicState> state = ParseState(reply.elements);
  if (!state.ok()) return state.status();
  HistoryPage page = {.since = since, .state = *state};
  size_t bytes = 0;
  for (const RespValue& entry : reply.elements[4].elements) {
    if (page.messages.size() == limit) break;
    if (entry.elements.size() != 2 || entry.elements[1].elements.size() != 2) {
      return WrongReply("read");
    }
    absl::string_view id = entry.elements[0].text;
    const std::optional<uint64_t> offset = TakeNumber('-', &id);
    if (!offset.has_value()) return WrongReply("read");
    absl::StatusOr<TopicMessage> message = ParseEnvelope(entry.elements[1].elements[1].text);
    if (!message.ok()) {
      if (page.messages.empty()) return message.status();
      break;
    }
    message->position = {state->position.epoch, *offset};
    bytes += message->bytes();
    if (!page.messages.empty() && bytes > HistoryPage::kMaxBytes) break;
    page.messages.push_back(*std::move(message));
  }
  return page;
}

}  // namespace weft
