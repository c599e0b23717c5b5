// The echo load on asynchronous clients, where EchoRun has sockets and frames of its own.

#ifndef WEFT_BENCH_CLIENT_RUN_H_
#define WEFT_BENCH_CLIENT_RUN_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/bench/engine/echo_stream.h"
#include "weft/bench/engine/histogram.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/connecting/client_options.h"
#include "weft/transport/tls_context.h"

namespace weft::bench {

struct ClientRunOptions {
  std::string url{};
  std::shared_ptr<TlsContext> tls{};  // for wss://
  size_t connections = 1;
  size_t concurrency = 64;  // connections opened at the same time
  PayloadKind kind = PayloadKind::kBinary;
  size_t payload = 20;  // bytes per message
  size_t depth = 1;     // messages in flight on each connection
};

// The options of each of these connections.
ClientOptions ClientOptionsOf(const ClientRunOptions& options);

// Connections of one ClientLoop on one thread, each of which sends the next message when an echo is
// complete, and checks every byte of the echoes. The functions are EchoRun's; they block, and the
// load continues between them. An error names the connection: a wrong echo, or why the connection
// has ended.
class ClientRun {
 public:
  // Opens all connections.
  static absl::StatusOr<std::unique_ptr<ClientRun>> Open(const ClientRunOptions& options);
  ~ClientRun();

  absl::Status Start(uint64_t messages = std::numeric_limits<uint64_t>::max());
  absl::Status RunFor(absl::Duration duration);
  absl::Status Drain();

  uint64_t messages() const { return messages_.load(std::memory_order_relaxed); }
  Histogram round_trips();
  void ResetCounts();

 private:
  class Peer;

  explicit ClientRun(const ClientRunOptions& options);

  void ConnectNext();

  // For the loop's thread.
  void Opened(Peer* peer, ClientRef ref);
  void Completed() { messages_.store(messages() + 1, std::memory_order_relaxed); }
  void Timed(int64_t round_trip_ns);
  void Finished();
  void Fail(size_t index, const absl::Status& why);

  // Waits until `done`, which is called under the lock, is true. An error if a connection fails;
  // DeadlineExceeded.
  template <typename Done>
  absl::Status Await(absl::Duration time, Done done);

  // Lets each connection send `messages` from now on.
  absl::Status Allow(uint64_t messages);

  // Calls `call` on the loop's thread.
  template <typename Call>
  void OnLoop(Call call);

  const ClientRunOptions options_;
  std::vector<std::string> payloads_;  // sent in turn

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t connecting_ = 0;  // the number of connections that were started; under the lock, as are:
  std::vector<std::pair<Peer*, ClientRef>> open_;
  size_t at_work_ = 0;  // connections that have not sent all, or wait for an echo
  absl::Status error_;  // the first one

  std::atomic<uint64_t> messages_{0};  // written by the loop's thread
  Histogram round_trips_;              // for the loop's thread
  std::unique_ptr<ClientLoop> loop_;   // last member: its handlers use the others
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLIENT_RUN_H_
