#include "weft/transport/tls_session_cache.h"

#include <utility>

namespace weft {

void TlsSessionCache::Put(const std::string& host, bssl::UniquePtr<SSL_SESSION> session) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (sessions_.size() == kMaxHosts && !sessions_.contains(host))
    sessions_.erase(sessions_.begin());
  std::deque<bssl::UniquePtr<SSL_SESSION>>& sessions = sessions_[host];
  if (sessions.size() == kMaxPerHost) sessions.pop_front();
  sessions.push_back(std::move(session));
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
  if (found->second.empty()) sessions_.erase(found);
  return session;
}

}  // namespace weft
