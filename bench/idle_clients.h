// Asynchronous clients that do nothing, of which a benchmark measures the memory.

#ifndef WEFT_BENCH_IDLE_CLIENTS_H_
#define WEFT_BENCH_IDLE_CLIENTS_H_

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/bench/client_run.h"
#include "weft/client/async/client_loop.h"

namespace weft::bench {

// Connections of one ClientLoop on one thread, of which nothing is kept: no reference, and handlers
// of one pointer. Each sends one message when it is open, and checks the echo.
class IdleClients {
 public:
  // options.depth has no effect.
  static absl::StatusOr<std::unique_ptr<IdleClients>> Make(const ClientRunOptions& options);
  ~IdleClients();

  // Opens all connections, and returns when each has its echo. An error is that of a connection.
  absl::Status Open();

 private:
  class Peer;

  explicit IdleClients(const ClientRunOptions& options);

  void ConnectNext();
  void Echoed();
  void Fail(const absl::Status& why);

  const ClientRunOptions options_;
  const std::string payload_;

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t connecting_ = 0;  // the number of connections that were started; under the lock, as are:
  size_t echoed_ = 0;
  absl::Status error_;                // the first one
  std::unique_ptr<ClientLoop> loop_;  // last member: its handlers use the others
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_IDLE_CLIENTS_H_
