// The levels of log lines: a warning is a refusal or a loss that the operator can prevent.

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/log.h"
#include "weft/server/http/page.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::TestClient;

class LogLevelTest : public testing::ServerFixture {
 protected:
  ~LogLevelTest() override { server_.reset(); }  // destroyed before the objects that its hook uses

  void StartWithLevels(ServerOptions options = {}) {
    options.hooks.log = [this](LogLevel level, absl::string_view line) {
      log_.Write(absl::StrCat(level == LogLevel::kInfo ? "I " : "W ", line));
    };
    Start(std::move(options));
  }

  // The level of the line that contains `part`: "I" or "W".
  std::string LevelOf(const std::string& part) {
    log_.WaitForPart(part);
    const std::vector<std::string> lines = log_.lines();
    return std::find_if(lines.begin(), lines.end(),
                        [&](const std::string& line) { return absl::StrContains(line, part); })
        ->substr(0, 1);
  }
};

TEST_F(LogLevelTest, RefusalsForALimitOrAListAreWarnings) {
  StartWithLevels({.limits = {.max_connections = 1}});
  Connect().Upgrade("/", "Origin: http://elsewhere.example\r\n");
  EXPECT_EQ(LevelOf("HTTP 403, pages of the origin"), "W");
  while (server_->connections() > 0) std::this_thread::yield();
  Connect().Send(
      "GET / HTTP/1.1\r\nHost: elsewhere.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(LevelOf("HTTP 421, "), "W");
  while (server_->connections() > 0) std::this_thread::yield();
  TestClient in = ConnectAndUpgrade();
  Connect().Upgrade();
  EXPECT_EQ(LevelOf("HTTP 503, the server has the maximum number of connections"), "W");
}

TEST_F(LogLevelTest, MistakesOfAClientAreNot) {
  accept_ = [](const SessionRequest&, UpgradeResponse&) {
    return absl::NotFoundError("no such room");
  };
  StartWithLevels();
  Connect().Upgrade();
  EXPECT_EQ(LevelOf("HTTP 404, no such room"), "I");
  Connect().Send("garbage\r\n\r\n");
  EXPECT_EQ(LevelOf("HTTP 400, "), "I");
}

TEST_F(LogLevelTest, LinesBelowTheMinimumAreNotPassed) {
  StartWithLevels({.hooks = {.min_log_level = LogLevel::kWarning}});
  ConnectAndUpgrade();
  Connect().Send("garbage\r\n\r\n");
  while (server_->connections() > 0) std::this_thread::yield();
  Connect().Upgrade("/", "Origin: http://elsewhere.example\r\n");
  EXPECT_EQ(LevelOf("HTTP 403, "), "W");
  EXPECT_EQ(log_.lines().size(), 1);
}

TEST_F(LogLevelTest, AFailureOfTheAcceptorIsAWarning) {
  accept_ = [](const SessionRequest&, UpgradeResponse&) {
    return absl::InternalError("the database is down");
  };
  StartWithLevels();
  Connect().Upgrade();
  EXPECT_EQ(LevelOf("HTTP 500, the database is down"), "W");
}

TEST_F(LogLevelTest, AConnectionDroppedForItsMemoryIsAWarning) {
  StartWithLevels({.http = {.pages = [](const PageRequest&) { return Page("text/plain", "x"); },
                            .max_body_bytes = 64 << 20},
                   .limits = {.max_buffered_bytes = 1 << 20}});
  TestClient client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33554432\r\n\r\n");
  client.Send(std::string(4 << 20, 'x'));
  EXPECT_EQ(LevelOf("all sessions together hold more than limits.max_buffered_bytes"), "W");
}

}  // namespace
}  // namespace weft
