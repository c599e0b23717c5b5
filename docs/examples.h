// Declarations that the C++ fragments in the documents may use. Only headers that dependents may
// include, so that no fragment needs another one.

#ifndef WEFT_DOCS_EXAMPLES_H_
#define WEFT_DOCS_EXAMPLES_H_

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/async_client.h"
#include "weft/client.h"
#include "weft/cluster/cluster.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/core.h"
#include "weft/core/http/constant_time.h"
#include "weft/coro.h"
#include "weft/server.h"
#include "weft/testing.h"

namespace docs {

using namespace weft;  // NOLINT: as the documents do after the first mention
using ::testing::ElementsAre;
using weft::testing::ClientFrame;

struct ChatHandler : weft::Handler {
  void OnMessage(weft::Session& /*session*/, const weft::Message& /*message*/) override {}
};

struct RoomHandler : weft::Handler {
  explicit RoomHandler(absl::string_view id);
  void OnMessage(weft::Session& session, const weft::Message& message) override;
};

absl::Status Fail(const absl::Status& status);
std::string CurrentToken();
weft::testing::Outcome FeedServer(absl::string_view input);  // docs/tour_test.cc

// Never instantiated: fragments are compiled and not run.
struct Names {
  struct File {
    bool HasMore();
    absl::string_view Next();
  };

  struct Database {
    void Check(const std::string& cookie, std::function<void(bool)> done);
    bool IsValid(absl::string_view cookie);
    std::string Orders();
  };

  static constexpr size_t kHighMark = 1 << 20;

  Database database;
  File file_;
  int fd;
  absl::Span<char> scratch;
  std::string block, picture, position, secret, token_and_comment;
  weft::Acceptor acceptor;
  weft::ServerOptions options;
  weft::Router router;
  std::unique_ptr<weft::Server> server;
  weft::SignalWaiter& signals;
  weft::Session& session;
  weft::SessionRef ref;
};

}  // namespace docs

#endif  // WEFT_DOCS_EXAMPLES_H_
