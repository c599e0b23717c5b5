// The processes of a cluster: a Redis, and three nodes of the chat.

#ifndef EXAMPLES_CLUSTER_CLUSTER_H_
#define EXAMPLES_CLUSTER_CLUSTER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/cluster/process.h"

namespace weft::panel {

// Thread-safe. All processes end with it, at the latest.
class Cluster {
 public:
  // Finds redis-server, which keeps its data in a new folder until the cluster is destroyed, and
  // free ports. `chat` is the path of the chat's server. NotFound says what to install or to build.
  static absl::StatusOr<std::unique_ptr<Cluster>> Create(const std::string& chat);
  ~Cluster();

  // Starts all, for pages of these origins.
  void Start(const std::vector<std::string>& origins);

  // "kill A", "start redis". InvalidArgument for everything else.
  absl::Status Do(absl::string_view command);

  // All nodes, as ws://HOST:PORT; and the address of Redis.
  const std::vector<std::string>& nodes() const { return nodes_; }
  std::string redis() const;

  // The processes as JSON: name, address, and the process id, or 0.
  std::string State();

 private:
  Cluster() = default;

  // A free port of 127.0.0.1, which stays free until Start().
  absl::StatusOr<uint16_t> TakePort();

  struct Part {
    std::string address;
    std::unique_ptr<Process> process;
  };

  std::string chat_;
  std::string redis_server_;
  std::string folder_;
  uint16_t redis_port_ = 0;
  std::vector<std::string> nodes_;
  std::vector<int> sockets_;  // bound to the ports, until Start()

  std::mutex mutex_;
  std::map<std::string, Part, std::less<>> parts_;  // by name; none before Start()
};

}  // namespace weft::panel

#endif  // EXAMPLES_CLUSTER_CLUSTER_H_
