#include "weft/cluster/subscriber_report.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/cluster/big_endian.h"

namespace weft {
namespace {

constexpr size_t kReportHeaderBytes = 2 + SubscriberReport::kNodeBytes + 4;

constexpr uint8_t kBeginsAll = 1;
constexpr uint8_t kEndsAll = 2;
constexpr uint8_t kAsks = 4;
constexpr uint8_t kKnownReportFlags = kBeginsAll | kEndsAll | kAsks;

void AppendNode(const Epoch& node, std::string* out) {
  const absl::string_view name = node.text();
  out->append(name.data(), name.size());
  out->append(SubscriberReport::kNodeBytes - name.size(), '\0');
}

absl::StatusOr<Epoch> TakeNode(absl::string_view* from) {
  const absl::string_view name = from->substr(0, SubscriberReport::kNodeBytes);
  from->remove_prefix(SubscriberReport::kNodeBytes);
  return Epoch::Parse(name);
}

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("a report of subscribers: ", what));
}

}  // namespace

std::string SubscriberReport::ToBytes() const {
  std::string bytes;
  uint8_t flags = 0;
  if (begins_all) flags |= kBeginsAll;
  if (ends_all) flags |= kEndsAll;
  if (asked.has_value()) flags |= kAsks;
  bytes.push_back(static_cast<char>(kVersion));
  bytes.push_back(static_cast<char>(flags));
  AppendNode(node, &bytes);
  AppendBigEndian(number, 4, &bytes);
  if (asked.has_value()) AppendNode(*asked, &bytes);
  for (const Count& count : counts) {
    AppendBigEndian(count.topic.size(), 2, &bytes);
    bytes += count.topic;
    AppendBigEndian(count.subscribers, 4, &bytes);
  }
  return bytes;
}

absl::StatusOr<SubscriberReport> SubscriberReport::Parse(absl::string_view bytes) {
  // The version first: another one may have another header.
  if (!bytes.empty() && static_cast<uint8_t>(bytes[0]) != kVersion) {
    return absl::UnimplementedError(absl::StrCat("a report of subscribers of version ",
                                                 static_cast<uint8_t>(bytes[0]),
                                                 ": this node reads version ", kVersion));
  }
  if (bytes.size() < kReportHeaderBytes) {
    return Wrong(absl::StrCat("at least ", kReportHeaderBytes, " bytes, not ", bytes.size()));
  }
  const auto flags = static_cast<uint8_t>(bytes[1]);
  if ((flags & ~kKnownReportFlags) != 0) {
    return absl::UnimplementedError(absl::StrCat("a report of subscribers with the flags ", flags,
                                                 ": this node knows those of ", kKnownReportFlags));
  }
  bytes.remove_prefix(2);
  SubscriberReport report = {.begins_all = (flags & kBeginsAll) != 0,
                             .ends_all = (flags & kEndsAll) != 0};
  absl::StatusOr<Epoch> node = TakeNode(&bytes);
  if (!node.ok()) return Wrong("the name of its node is not one of 8 letters and digits");
  report.node = *node;
  report.number = static_cast<uint32_t>(TakeBigEndian(4, &bytes));
  if ((flags & kAsks) != 0) {
    if (bytes.size() < kNodeBytes) return Wrong("the name of the asked node is not complete");
    absl::StatusOr<Epoch> asked = TakeNode(&bytes);
    if (!asked.ok()) return Wrong("the name of the asked node is not one of 8 letters and digits");
    report.asked = *asked;
  }
  while (!bytes.empty()) {
    const size_t size = bytes.size() < 2 ? kMaxTopicBytes : TakeBigEndian(2, &bytes);
    if (bytes.size() < size + 4) {
      return Wrong(absl::StrCat("the topic ", report.counts.size() + 1, " is not complete"));
    }
    std::string topic(bytes.substr(0, size));
    bytes.remove_prefix(size);
    report.counts.push_back({std::move(topic), static_cast<uint32_t>(TakeBigEndian(4, &bytes))});
  }
  return report;
}

}  // namespace weft
