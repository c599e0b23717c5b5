// The certificates of //bench/cluster:cluster_soak.

#ifndef WEFT_BENCH_CLUSTER_SOAK_TLS_H_
#define WEFT_BENCH_CLUSTER_SOAK_TLS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/cluster/redis/testing/redis_process.h"

namespace weft::bench {

// A folder with the certificates of the test CA. "client.pem" and "client.key" are those of a node,
// and can be replaced while it runs.
class SoakTls {
 public:
  SoakTls();
  ~SoakTls();
  SoakTls(const SoakTls&) = delete;
  SoakTls& operator=(const SoakTls&) = delete;

  const std::string& folder() const { return folder_; }

  // Such as "server.pem", of the test CA.
  std::string File(absl::string_view name) const;

  // For RedisProcess::tls_port(), with the certificate "server"; and another one for later
  // connections. Ends the program if Redis does not accept it.
  std::vector<std::string> RedisArguments() const;
  void SetServer(const testing::RedisProcess& redis, absl::string_view name) const;

  // Replaces the certificate of the node with another one of the test CA.
  void SetClient(absl::string_view name) const;

 private:
  std::string folder_ = "/tmp/cluster_soak.XXXXXX";
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_SOAK_TLS_H_
