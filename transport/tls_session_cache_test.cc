#include "weft/transport/tls_session_cache.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "openssl/ssl.h"

namespace weft {
namespace {

class TlsSessionCacheTest : public ::testing::Test {
 protected:
  bssl::UniquePtr<SSL_SESSION> New(uint16_t version = TLS1_3_VERSION) {
    bssl::UniquePtr<SSL_SESSION> session(SSL_SESSION_new(context_.get()));
    EXPECT_EQ(SSL_SESSION_set_protocol_version(session.get(), version), 1);
    return session;
  }

  // The number of hosts with a session, of which it takes one.
  int Take(int hosts) {
    int found = 0;
    for (int i = 0; i < hosts; ++i) found += cache_.Get(absl::StrCat("host", i)) != nullptr;
    return found;
  }

  bssl::UniquePtr<SSL_CTX> context_{SSL_CTX_new(TLS_method())};
  TlsSessionCache cache_;
};

TEST_F(TlsSessionCacheTest, EachSessionOnceTheLatestFirst) {
  bssl::UniquePtr<SSL_SESSION> first = New(), second = New();
  const SSL_SESSION* const expected[] = {second.get(), first.get(), nullptr};
  cache_.Put("a.example", std::move(first));
  cache_.Put("a.example", std::move(second));
  EXPECT_EQ(cache_.Get("b.example"), nullptr);
  for (const SSL_SESSION* session : expected) EXPECT_EQ(cache_.Get("a.example").get(), session);
}

TEST_F(TlsSessionCacheTest, KeepsTheLatestOfEachHost) {
  std::vector<const SSL_SESSION*> put;
  for (size_t i = 0; i <= TlsSessionCache::kMaxPerHost; ++i) {
    bssl::UniquePtr<SSL_SESSION> session = New();
    put.push_back(session.get());
    cache_.Put("a.example", std::move(session));
  }
  for (size_t i = put.size(); i-- > 1;) EXPECT_EQ(cache_.Get("a.example").get(), put[i]);
  EXPECT_EQ(cache_.Get("a.example"), nullptr);
}

TEST_F(TlsSessionCacheTest, ForgetsOtherHostsWhenItIsFull) {
  constexpr size_t kHosts = TlsSessionCache::kMaxSessions + 100;
  for (size_t i = 0; i < kHosts; ++i) cache_.Put(absl::StrCat("host", i), New());
  size_t kept = 0;
  EXPECT_NE(cache_.Get(absl::StrCat("host", kHosts - 1)), nullptr);
  for (size_t i = 0; i + 1 < kHosts; ++i) {
    if (cache_.Get(absl::StrCat("host", i)) != nullptr) ++kept;
  }
  EXPECT_EQ(kept, TlsSessionCache::kMaxSessions - 1);
  // All were taken, so there is room again.
  for (size_t i = 0; i < TlsSessionCache::kMaxSessions; ++i) {
    cache_.Put(absl::StrCat("host", i), New());
  }
  EXPECT_NE(cache_.Get("host0"), nullptr);
}

TEST_F(TlsSessionCacheTest, OfTls12TheLatestIsReturnedAgainAndAgain) {
  cache_.Put("a.example", New());
  cache_.Put("a.example", New(TLS1_2_VERSION));
  bssl::UniquePtr<SSL_SESSION> latest = New(TLS1_2_VERSION);
  const SSL_SESSION* const expected = latest.get();
  cache_.Put("a.example", std::move(latest));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cache_.Get("a.example").get(), expected);
}

TEST_F(TlsSessionCacheTest, OfTls12AHostHasOneSession) {
  constexpr int kOthers = TlsSessionCache::kMaxSessions - 1;
  for (int i = 0; i < kOthers; ++i) cache_.Put(absl::StrCat("host", i), New());
  for (int i = 0; i < 10; ++i) cache_.Put("a.example", New(TLS1_2_VERSION));
  EXPECT_EQ(Take(kOthers), kOthers) << "they do not count";
}

TEST_F(TlsSessionCacheTest, AFullHostReplacesOnlyItsOwn) {
  constexpr int kOthers = TlsSessionCache::kMaxSessions - TlsSessionCache::kMaxPerHost;
  for (int i = 0; i < kOthers; ++i) cache_.Put(absl::StrCat("host", i), New());
  for (size_t i = 0; i < 2 * TlsSessionCache::kMaxPerHost; ++i) cache_.Put("a.example", New());
  EXPECT_EQ(Take(kOthers), kOthers);
}

TEST_F(TlsSessionCacheTest, DoesNotKeepALargeTicket) {
  const std::vector<uint8_t> ticket(TlsSessionCache::kMaxTicketBytes + 1);
  bssl::UniquePtr<SSL_SESSION> large = New(), largest_kept = New();
  const SSL_SESSION* const expected = largest_kept.get();
  ASSERT_EQ(SSL_SESSION_set_ticket(large.get(), ticket.data(), ticket.size()), 1);
  ASSERT_EQ(SSL_SESSION_set_ticket(largest_kept.get(), ticket.data(), ticket.size() - 1), 1);
  cache_.Put("a.example", std::move(largest_kept));
  cache_.Put("a.example", std::move(large));
  EXPECT_EQ(cache_.Get("a.example").get(), expected);
  EXPECT_EQ(cache_.Get("a.example"), nullptr);
}

}  // namespace
}  // namespace weft
