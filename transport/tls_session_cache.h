// A client's memory of TLS sessions.

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

// TLS sessions to resume (RFC 8446, section 2.2), by host. Thread-safe. Bounded: a few per host;
// with too many hosts an arbitrary one is forgotten.
class TlsSessionCache {
 public:
  static constexpr size_t kMaxPerHost = 4;
  static constexpr size_t kMaxHosts = 1000;

  void Put(const std::string& host, bssl::UniquePtr<SSL_SESSION> session);

  // The latest session; null if there is none. A TLS 1.3 session is returned only once, so that an
  // observer on the path cannot tell by it that two connections have the same client (section C.4).
  bssl::UniquePtr<SSL_SESSION> Get(const std::string& host);

 private:
  std::mutex mutex_;
  absl::flat_hash_map<std::string, std::deque<bssl::UniquePtr<SSL_SESSION>>> sessions_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_SESSION_CACHE_H_
