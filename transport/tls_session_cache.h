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

// TLS sessions to resume (RFC 8446, section 2.2), by host, whatever the port: servers of one name
// often share their tickets, and one that cannot read a ticket performs a full handshake. Bounded:
// of each host the latest kMaxPerHost, and with more than kMaxSessions those of another, arbitrary
// host are forgotten. Thread-safe.
class TlsSessionCache {
 public:
  // Enough for about as many connections to one host at the same time: each takes one, and gets
  // one or two new ones from most servers. One that finds none has a full handshake, and a copy of
  // the server's certificates, 5 KB, to itself.
  static constexpr size_t kMaxPerHost = 128;
  static constexpr size_t kMaxSessions = 4096;

  // A server may send tickets of 64 KiB, each of which would be kept until it is used. Usual ones
  // have some 200 bytes; those that hold a client's certificate, a few thousand.
  static constexpr size_t kMaxTicketBytes = 8 << 10;

  // A TLS 1.2 session, which Get() returns again and again, replaces all others of the host.
  void Put(const std::string& host, bssl::UniquePtr<SSL_SESSION> session);

  // The latest session; null if there is none. A TLS 1.3 session is returned only once, so that an
  // observer on the path cannot tell by it that two connections have the same client (section C.4).
  bssl::UniquePtr<SSL_SESSION> Get(const std::string& host);

 private:
  using Sessions = std::deque<bssl::UniquePtr<SSL_SESSION>>;

  void MakeRoom(const std::string& host);

  std::mutex mutex_;
  size_t count_ = 0;
  absl::flat_hash_map<std::string, Sessions> sessions_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_SESSION_CACHE_H_
