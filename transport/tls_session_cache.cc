#include "weft/transport/tls_session_cache.h"

#include <cstdint>
#include <utility>

namespace weft {
namespace {

bool HasLargeTicket(const SSL_SESSION& session) {
  const uint8_t* ticket;
  size_t size;
  SSL_SESSION_get0_ticket(&session, &ticket, &size);
  return size > TlsSessionCache::kMaxTicketBytes;
}

}  // namespace

void TlsSessionCache::Put(const std::string& host, bssl::UniquePtr<SSL_SESSION> session) {
  if (HasLargeTicket(*session)) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const auto found = sessions_.find(host); found != sessions_.end()) {
    Sessions& own = found->second;
    if (!SSL_SESSION_should_be_single_use(session.get())) {
      count_ -= own.size();  // Get() would never come to them
      own.clear();
    } else if (own.size() == kMaxPerHost) {
      own.pop_front();
      --count_;
    }
  }
  if (count_ == kMaxSessions) MakeRoom(host);
  sessions_[host].push_back(std::move(session));
  ++count_;
}

// Forgets the sessions of another host. There is one, because no host has all.
void TlsSessionCache::MakeRoom(const std::string& host) {
  auto other = sessions_.begin();
  if (other->first == host) ++other;
  count_ -= other->second.size();
  sessions_.erase(other);
}

bssl::UniquePtr<SSL_SESSION> TlsSessionCache::Get(const std::string& host) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = sessions_.find(host);
  if (found == sessions_.end()) return nullptr;
  bssl::UniquePtr<SSL_SESSION> session = std::move(found->second.back());
  if (!SSL_SESSION_should_be_single_use(session.get())) {
    found->second.back() = bssl::UpRef(session);
    return session;
  }
  found->second.pop_back();
  --count_;
  if (found->second.empty()) sessions_.erase(found);
  return session;
}

}  // namespace weft
