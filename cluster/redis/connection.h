// One connection to a Redis or a Sentinel.

#ifndef WEFT_CLUSTER_REDIS_CONNECTION_H_
#define WEFT_CLUSTER_REDIS_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/redis/dialer.h"
#include "weft/cluster/redis/redis_address.h"
#include "weft/cluster/redis/redis_counters.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/resp.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/loop_dialer.h"
#include "weft/transport/stream.h"

namespace weft {

// Connects, logs in, and then carries commands and their answers, in order, or the messages of a
// subscriber. Notices a server that is silent, by PING. Fails once and is then of no more use. For
// the loop's thread; as an EventSource it must not be destroyed in its own callbacks.
class RedisConnection : public EventSource {
 public:
  enum class Kind : uint8_t {
    kCommands,    // has loaded the scripts of topics
    kSubscriber,  // every reply is a push: see Owner::OnPush
    kSentinel,
  };

  class Owner {
   public:
    // It has logged in to a master: commands may be written.
    virtual void OnOpen(RedisConnection& connection) = 0;

    // A reply of a subscriber, except the answers to PING. It may be moved from.
    virtual void OnPush(RedisConnection& connection, RespValue& reply) = 0;

    // It has ended, or could not be opened: the last call, before the answers of the commands that
    // it has not answered. `reason` names the server.
    virtual void OnClosed(RedisConnection& connection, const absl::Status& reason) = 0;

   protected:
    ~Owner() = default;
  };

  // An answer, which may be an error of Redis and may be moved from. Or DeadlineExceeded: it has
  // not come in time, or the connection has ended before. Or Unavailable: the connection has ended
  // before the first byte of the command was written. Called once, and destroyed when nothing of
  // the command is left here: what it owns may stand for the memory of the command.
  using Done = absl::AnyInvocable<void(absl::StatusOr<RespValue*>)>;

  // All must outlive it.
  RedisConnection(EventLoop& loop, AddressLookup& lookup, const RedisOptions& options,
                  RedisCounters& counters, RedisAddress address, Kind kind, Owner& owner);

  void Open();

  // Ends it, with OnClosed and the outcomes of its commands. Idempotent.
  void Close(const absl::Status& reason);

  // Begins a command: the caller appends exactly one to the result, at once. They are written at
  // the end of the turn.
  std::string* Command(Done done);

  // The output of a subscriber, for commands without an answer of their own.
  std::string* output() { return &out_; }

  // Whether replies are read. While they are not the connection does not count as silent. After
  // SetReading(false), also in OnPush, no push follows.
  void SetReading(bool reading);

  // Writes the queued commands; the owner calls it at the end of each turn.
  void EndOfTurn();

  const RedisAddress& address() const { return address_; }
  Kind kind() const { return kind_; }
  bool is_open() const { return open_ && !closed_; }

  // ---- Of an open one ----

  // Names what the process of Redis has stored since it is a master. Not of a Sentinel.
  const std::string& history_id() const { return history_id_; }

  // OK if the answer to INFO replication shows that this is still so.
  absl::Status CheckReplication(const RespValue& info) const;

  // Name kTopicScript and PeekScript() in EVALSHA. Of kCommands.
  const std::string& script_sha() const { return script_sha_; }
  const std::string& peek_sha() const { return peek_sha_; }

  // For the loop.
  void OnReadable() override;
  void OnWritable() override;

 private:
  struct Pending {
    Done done;  // called already if its time is over, but kept until the answer if it was sent
    int64_t queued_ms;
    int64_t deadline_ms;
    uint64_t begin;  // the place of its first byte in all output
  };

  void OnTimer() override;

  void Connected(absl::StatusOr<Stream> stream);
  absl::Status LogIn();
  void ExpectInLogin(absl::AnyInvocable<absl::Status(const RespValue&)> take);
  void LoggedIn();
  absl::Status TakeServer(const RespValue& info);
  absl::Status TakeReplication(const RespValue& info);
  void TakeMemory(const RespValue& info) const;
  std::string HistoryId(absl::string_view replid) const;
  void Read();
  bool TakeReplies();
  void Take(RespValue& reply);
  void Write();
  void UpdateWatch();
  void ArmTimer();
  void FailOverdue();
  void FailUnsent();
  void ForgetUnsent();
  uint64_t UnsentEnd() const;
  void SendPing();
  bool owes_answer() const { return !pending_.empty() || pinged_; }
  absl::Status Named(const absl::Status& status) const;

  EventLoop& loop_;
  const RedisOptions& options_;
  RedisCounters& counters_;
  const RedisAddress address_;
  const Kind kind_;
  Owner& owner_;
  AddressLookup& lookup_;
  std::unique_ptr<LoopDialer<RedisDialer>> dialer_;
  Stream stream_;
  RespReader reader_;
  std::string run_id_;
  std::string history_id_;
  std::string script_sha_;
  std::string peek_sha_;
  int login_left_ = 0;  // answers that are still to come before it is open
  bool open_ = false;
  bool closed_ = false;
  int64_t connect_deadline_ms_ = 0;

  // Input.
  bool reading_ = true;
  bool resume_ = false;         // replies wait, here or in TLS, that no event reports
  bool pinged_ = false;         // of a subscriber, whose pong is a push
  int64_t last_input_ms_ = 0;   // or when it was last not expected to send
  uint8_t read_interest_ = 1;   // of EventLoop::Interest
  uint8_t write_interest_ = 0;  // 0: the socket takes what is written
  uint8_t watched_ = 0;         // 0: the descriptor is not watched

  // Output.
  std::string out_;
  size_t written_ = 0;      // bytes of `out_`
  uint64_t out_begin_ = 0;  // the place of the first byte of `out_` in all output
  uint64_t attempted_ = 0;  // output before this place may have left
  std::deque<Pending> pending_;
  size_t overdue_ = 0;  // this number of them, in front, have got DeadlineExceeded
  size_t unsent_ = 0;   // ... and after these Unavailable: they are never sent
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_CONNECTION_H_
