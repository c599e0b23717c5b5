// Connects a session of `weft listen` with its process.

#ifndef TOOLS_WEFT_LISTEN_PROCESS_LINK_H_
#define TOOLS_WEFT_LISTEN_PROCESS_LINK_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/weft/child_process.h"
#include "weft/core/frame/close_code.h"
#include "weft/server/session_ref.h"
#include "weft/transport/notification.h"

namespace weft::cli {

struct ExecOptions {
  std::string command{};
  bool binary = false;
  size_t max_line_bytes = 16 << 20;         // of the process's output
  absl::Duration grace = absl::Seconds(5);  // ChildProcess::End

  // Called from any thread with what the operator should know.
  std::function<void(absl::string_view)> complain{};
};

// Counts the processes of sessions, so that the program can wait for them and bound their number: a
// process may run on for ExecOptions::grace when its session has ended. Thread-safe.
class LinkCount {
 public:
  // `hurry` (may be null) makes processes end at once whose session has ended, and must outlive
  // them.
  explicit LinkCount(size_t max = std::numeric_limits<size_t>::max(),
                     const Notification* hurry = nullptr)
      : max_(max), hurry_(hurry) {}

  // False if there are `max`.
  bool Add();
  void Remove();

  const Notification* hurry() const { return hurry_; }

  // Waits until there are none.
  void AwaitNone();

 private:
  const size_t max_;
  const Notification* const hurry_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_ = 0;
};

// The process of one session and two threads: one writes to it, and the other reads its output,
// sends that to the client, and closes the session when the process has ended. Both sides are
// bounded: about kMaxWaitingBytes wait for a process that does not read, and kMaxUnsentBytes, plus
// the session's queue, for a client that does not. The session's handler calls the methods, on its
// loop.
//
//   auto link = std::make_shared<ProcessLink>(options, session.ref(), hooks);
//   ProcessLink::Start(link, {"WEFT_PEER=..."}, count);
class ProcessLink {
 public:
  // Posted to the session, so that they run on its loop while it is open.
  struct Hooks {
    std::function<void()> resume;    // the process has read: read from the client again
    std::function<bool()> has_room;  // whether the session's queue is short; if not, OnWritable
  };

  static constexpr size_t kMaxWaitingBytes = 1 << 20;
  static constexpr size_t kMaxUnsentBytes = 256 << 10;

  // Fails if the system has no descriptors left.
  static absl::StatusOr<std::shared_ptr<ProcessLink>> Create(const ExecOptions& options,
                                                             SessionRef session, Hooks hooks);
  ProcessLink(const ExecOptions& options, SessionRef session, Hooks hooks, Notification no_output,
              Notification no_input);

  // Starts the process, with `environment`. The threads keep the link alive. False if there are too
  // many.
  static bool Start(const std::shared_ptr<ProcessLink>& link, std::vector<std::string> environment,
                    const std::shared_ptr<LinkCount>& count);

  // Passes a message on. False if more than kMaxWaitingBytes wait: read no more from the client
  // until `resume` is called.
  bool Write(absl::string_view payload);

  // There is room to send again, after `has_room` has returned false.
  void OnWritable();

  // The session has ended: the process gets the messages that wait, and then the end of its input.
  void OnClose();

 private:
  using Lock = std::unique_lock<std::mutex>;

  void Run(const std::vector<std::string>& environment, const Notification* hurry);
  void WriteInput(ChildProcess& process);
  absl::Status ReadOutput(ChildProcess& process);
  absl::Status Send(std::string message);
  void DidSend(size_t size, bool room);
  void Resume();
  void Fail(absl::string_view what);
  void EndInput(bool discard);
  void CloseSession(CloseCode code, absl::string_view reason);

  const ExecOptions options_;
  const SessionRef session_;
  const Hooks hooks_;
  const Notification no_output_;  // the session has ended
  const Notification no_input_;   // the process has ended

  std::mutex mutex_;  // guards all members below
  std::condition_variable changed_;
  std::deque<std::string> waiting_;  // for the process
  size_t waiting_bytes_ = 0;
  bool held_ = false;         // Write has returned false, and `resume` is due
  bool input_ended_ = false;  // nothing more follows
  bool session_ended_ = false;
  size_t unsent_bytes_ = 0;  // on their way to the session, or in its queue while that is long
  size_t parked_bytes_ = 0;  // of these, those in the queue
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_LISTEN_PROCESS_LINK_H_
