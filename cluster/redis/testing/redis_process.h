// A redis-server, or a redis-sentinel, for one test.

#ifndef WEFT_CLUSTER_REDIS_TESTING_REDIS_PROCESS_H_
#define WEFT_CLUSTER_REDIS_TESTING_REDIS_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/cluster/redis/resp.h"
#include "weft/transport/fd.h"

namespace weft::testing {

// Skips the test if the program is not installed; with CI in the environment it fails instead.
#define WEFT_REQUIRES_PROGRAM(program)                                            \
  if (!::weft::testing::IsInstalled(program)) {                                   \
    if (std::getenv("CI") != nullptr) FAIL() << (program) << " is not installed"; \
    GTEST_SKIP() << (program) << " is not installed";                             \
  }

bool IsInstalled(absl::string_view program);

// Starts the program on a free port of 127.0.0.1, in a folder of its own, without any file of the
// system, and waits until it accepts connections. It ends with this object, or with the test.
class RedisProcess {
 public:
  // `arguments` as on the command line: {"--appendonly", "yes"}; "PORT" stands for its port, and
  // "TLS_PORT" for another free one. With `config` the program gets a file of these lines in its
  // folder instead, as a Sentinel needs.
  explicit RedisProcess(std::vector<std::string> arguments = {},
                        std::string program = "redis-server", std::string config = "");
  ~RedisProcess();

  uint16_t port() const { return port_; }
  uint16_t tls_port() const { return tls_port_; }
  std::string address() const;  // "redis://127.0.0.1:PORT"
  const std::string& folder() const { return folder_; }

  // SIGKILL, and waits for its end.
  void Kill();

  // Starts it again, on the same port, in the same folder.
  void Start();

  // SIGSTOP, SIGCONT.
  void Signal(int signal);

  // Sends a command over a connection of its own, waits, and returns the reply.
  RespValue Do(absl::Span<const absl::string_view> command) const;

 private:
  bool Launch();

  const std::vector<std::string> arguments_;
  const std::string program_;
  const std::string config_;
  std::string folder_;
  uint16_t port_ = 0, tls_port_ = 0;
  pid_t pid_ = -1;
  UniqueFd output_;
};

// Sends a command to 127.0.0.1:PORT, waits, and returns the reply.
RespValue DoAt(uint16_t port, absl::Span<const absl::string_view> command);

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_REDIS_TESTING_REDIS_PROCESS_H_
