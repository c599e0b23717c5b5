#include "weft/server/metrics/prometheus.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/metrics/session_metrics.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_event.h"

namespace weft {
namespace {

void WriteTopicCounters(const TopicCountersOf<uint64_t>& topics, PrometheusWriter* out) {
  out->Gauge("weft_cluster_topics", "Topics that a broker carries for subscribers of this server.",
             static_cast<double>(topics.topics));
  for (size_t i = 0; i < topics.published.size(); ++i) {
    out->Counter("weft_cluster_published_total", "Messages published by this server, by outcome.",
                 {{"outcome", NameOf(static_cast<PublishOutcome>(i))}},
                 static_cast<double>(topics.published[i]));
  }
  out->Histogram("weft_cluster_publish_seconds",
                 "The time from a publish that was accepted to its outcome.", topics.publish_time);
  out->Histogram("weft_cluster_lag_seconds",
                 "The time from a publish to the arrival of its message, by the publisher's clock.",
                 topics.lag);
  for (size_t i = 0; i < topics.gaps.size(); ++i) {
    out->Counter("weft_cluster_gaps_total", "Gaps of topics and of subscriptions, by reason.",
                 {{"reason", GapReasonName(static_cast<GapReason>(i))}},
                 static_cast<double>(topics.gaps[i]));
  }
  const auto counter = [out](absl::string_view name, absl::string_view help, double value) {
    out->Counter(absl::StrCat("weft_cluster_", name), help, value);
  };
  counter("received_total", "Messages that came from the broker.",
          static_cast<double>(topics.received));
  counter("healed_messages_total", "Messages that were delivered from the history.",
          static_cast<double>(topics.healed));
  counter("duplicates_total", "Messages that came again, and were dropped.",
          static_cast<double>(topics.duplicates));
  counter("malformed_total", "Messages and states of the broker that were ignored.",
          static_cast<double>(topics.malformed));
  counter("reads_total", "Reads of histories.", static_cast<double>(topics.reads));
  counter("joined_total", "Subscriptions that have begun without a position.",
          static_cast<double>(topics.joined));
  counter("resumed_total", "Subscriptions that have continued after their position.",
          static_cast<double>(topics.resumed));
  counter("refused_total", "Sessions that could not subscribe, because of too many topics.",
          static_cast<double>(topics.refused));
  counter("skipped_total", "Updates that a loop without room has missed; a gap follows.",
          static_cast<double>(topics.skipped));
  counter("paused_seconds_total", "Time in which nothing was read, because a loop had no room.",
          static_cast<double>(topics.paused_ms) / 1000);
  counter("lost_total", "Connections to the broker that were lost.",
          static_cast<double>(topics.lost));
}

void WriteBrokerCounts(const BrokerCounts& broker, PrometheusWriter* out) {
  for (const auto& [role, is_up] :
       {std::pair("messages", broker.messages_up), std::pair("commands", broker.commands_up)}) {
    out->Gauge("weft_cluster_up", "1 while ServerOptions::broker is connected, by connection.",
               {{"role", role}}, is_up ? 1 : 0);
  }
  const auto counter = [out](absl::string_view name, absl::string_view help, uint64_t value) {
    out->Counter(name, help, static_cast<double>(value));
  };
  counter("weft_cluster_connects_total", "Connections to the broker's store that were made.",
          broker.connects);
  WriteByReason<BrokerReconnectReason>(
      "weft_cluster_reconnects_total",
      "Connections to it that were lost, and attempts that failed, by reason.", broker.reconnects,
      out);
  counter("weft_cluster_overdue_total", "Calls of the store that were not answered in time.",
          broker.overdue);
  counter("weft_cluster_received_bytes_total", "Bytes received from the store.",
          broker.received_bytes);
  counter("weft_cluster_sent_bytes_total", "Bytes sent to the store.", broker.sent_bytes);
  counter("weft_cluster_unreadable_total", "Messages of other nodes that this server cannot read.",
          broker.unreadable);
  out->Gauge("weft_cluster_outbound_bytes",
             "Memory of publishes and reads that wait for the store.",
             static_cast<double>(broker.outbound_bytes));
  out->Gauge("weft_cluster_probe_seconds",
             "How long the last message of this server to itself was on its way; 0: none yet.",
             absl::ToDoubleSeconds(broker.probe));
}

}  // namespace

void WriteMetrics(const ServerMetrics& metrics, PrometheusWriter* out) {
  WriteSessionMetrics("weft_", metrics, out);
  const WeftNames names(out);
  out->Gauge("weft_connections", "Connections, including those in their handshake.",
             metrics.connections);
  WriteByReason<HandshakeFailure>("weft_handshake_failures_total",
                                  "Clients that got no WebSocket, by reason.",
                                  metrics.handshake_failures, out);
  for (size_t i = 0; i < metrics.http_responses.size(); ++i) {
    out->Counter("weft_http_responses_total", "HTTP responses except upgrades, by status.",
                 {{"code", absl::StrCat(i + 1, "xx")}}, metrics.http_responses[i]);
  }
  out->Counter("weft_exceptions_total", "Exceptions that the application's code threw.",
               metrics.exceptions);
  out->Gauge("weft_buffered_bytes", "Memory held for unfinished messages and unsent answers.",
             metrics.buffered_bytes);
  out->Gauge("weft_held_sessions",
             "Sessions that are not read from, because their handlers are slower than the client.",
             metrics.held_sessions);
  if (metrics.topics.has_value()) WriteTopicCounters(*metrics.topics, out);
  if (metrics.broker.has_value()) WriteBrokerCounts(*metrics.broker, out);
}

}  // namespace weft
