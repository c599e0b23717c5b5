// What a client remembers of the servers it has met.

#ifndef WEFT_TRANSPORT_TLS_SESSION_CACHE_H_
#define WEFT_TRANSPORT_TLS_SESSION_CACHE_H_

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "openssl/base.h"
#include "openssl/ssl.h"

namespace weft {

// TLS sessions to resume (RFC 8446, section 2.2), by host. Thread-safe. Bounded: a few for a host,
// and with too many hosts one of them is forgotten, whichever.
class TlsSessionCache {
 public:
  static constexpr size_t kMaxPerHost = 4;
  static constexpr size_t kMaxHosts = 1000;

  void Put(const std::string& host, bssl::UniquePtr<SSL_SESSION> session);

  // The latest that came; null when there is none. One of TLS 1.3 is given once only, so that
  // nobody on the way can tell by it that two connections have the same client (section C.4).
  bssl::UniquePtr<SSL_SESSION> Get(const std::string& host);

 private:
  std::mutex mutex_;
  absl::flat_hash_map<std::string, std::deque<bssl::UniquePtr<SSL_SESSION>>> sessions_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_SESSION_CACHE_H_
