// Clients of //examples/chat that check that no line is lost while its server restarts.

#ifndef BENCH_RESTART_CHAT_MEMBER_H_
#define BENCH_RESTART_CHAT_MEMBER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "bench/restart/counted_client.h"
#include "bench/restart/counts.h"
#include "weft/client/async/reconnect_ref.h"

namespace weft::bench {

// The lines that all members of the room have said and seen. Thread-safe.
struct ChatLog {
  std::atomic<uint64_t> members{0};  // that are in the room for the first time
  std::atomic<uint64_t> said{0};     // lines
  std::atomic<uint64_t> shown{0};    // the lines that each member has shown, added up

  std::mutex mutex;
  std::set<uint64_t> orders;  // one for each order in which members have shown the lines
};

// The lines of one member, which the room gives back when it has stored them. Thread-safe.
class ChatVoice {
 public:
  // `name` has letters and digits, at least 8.
  ChatVoice(std::string name, ChatLog& log) : name_(std::move(name)), log_(log) {}

  const std::string& name() const { return name_; }

  // Says a line, now or when the room is ready to hear it.
  void Say(const ReconnectRef& member);

  // The room hears the member: says again what did not come back.
  void Begin(AsyncClient& client);

  // The connection is lost.
  void Pause();

  // The line `n` has come back.
  void Settle(uint64_t n);

 private:
  const std::string name_;
  ChatLog& log_;
  std::mutex mutex_;  // guards all members below
  bool is_heard_ = false;
  uint64_t last_ = 0;                        // the number of the last line
  std::map<uint64_t, std::string> waiting_;  // the lines that did not come back, as messages
};

// One page of the room: examples/chat/README.md documents the messages, and page/chat.mjs does the
// same. It continues from its position when it reconnects, says again what did not come back, and
// shows a line with the same id once.
class ChatMember : public CountedClient {
 public:
  ChatMember(std::shared_ptr<ChatVoice> voice, ChatLog& log, Counts& counts)
      : CountedClient(counts), voice_(std::move(voice)), log_(log) {}

  void OnOpen(AsyncClient& client) override;
  void OnMessage(AsyncClient& client, const Message& message) override;
  void OnClose(AsyncClient& client, const CloseInfo& info) override;
  void OnEnd(const absl::Status& why) override;

 private:
  void OnPosition(AsyncClient& client, absl::string_view position);
  void OnLine(const std::string& id);

  const std::shared_ptr<ChatVoice> voice_;
  ChatLog& log_;
  std::string epoch_;  // empty: it has not been in the room
  uint64_t offset_ = 0;
  absl::flat_hash_set<uint64_t> shown_;  // the ids, hashed
  uint64_t order_ = 0;                   // the ids in their order, hashed
};

}  // namespace weft::bench

#endif  // BENCH_RESTART_CHAT_MEMBER_H_
