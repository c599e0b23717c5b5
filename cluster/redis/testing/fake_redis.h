// A server that is not a Redis, or not one that can serve.

#ifndef WEFT_CLUSTER_REDIS_TESTING_FAKE_REDIS_H_
#define WEFT_CLUSTER_REDIS_TESTING_FAKE_REDIS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/listen.h"
#include "weft/transport/notification.h"
#include "weft/transport/stream.h"
#include "weft/transport/wait.h"

namespace weft::testing {

// Listens on a free port of 127.0.0.1, and answers each connection with the same bytes, whatever it
// was asked: those of `answers` in turn, one when it has sent something.
class FakeRedis {
 public:
  explicit FakeRedis(std::string answer) : FakeRedis(std::vector{std::move(answer)}) {}
  explicit FakeRedis(std::vector<std::string> answers)
      : answers_(std::move(answers)), listener_(*Listen(*SocketAddress::FromIp("127.0.0.1", 0))) {
    thread_ = std::thread([this] { Run(); });
  }
  ~FakeRedis() {
    cancel_.Notify();
    thread_.join();
  }
  uint16_t port() const { return LocalAddress(listener_.get()).port(); }
  std::string address() const { return absl::StrCat("redis://127.0.0.1:", port()); }

  // The number of connections that have got all answers.
  int answered() const { return answered_; }

 private:
  void Run() {
    std::vector<Stream> streams;
    while (Wait(listener_.get(), Interest::kRead, Deadline::Never(), &cancel_).ok()) {
      Stream stream;
      if (!Accept(listener_.get(), &stream).ok()) continue;
      for (const std::string& answer : answers_) {
        if (!Wait(stream.fd(), Interest::kRead, Deadline::Never(), &cancel_).ok()) return;
        std::array<char, 4096> asked;
        stream.Read(absl::MakeSpan(asked));
        stream.Write(answer);
      }
      ++answered_;
      streams.push_back(std::move(stream));
    }
  }

  const std::vector<std::string> answers_;
  std::atomic<int> answered_{0};
  UniqueFd listener_;
  Notification cancel_ = *Notification::Create();
  std::thread thread_;
};

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_REDIS_TESTING_FAKE_REDIS_H_
