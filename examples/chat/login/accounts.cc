#include "examples/chat/login/accounts.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "weft/core/handshake/accept_key.h"

namespace weft::chat {

Accounts::Accounts(absl::Duration delay) : delay_(delay), thread_([this] { Run(); }) {}

Accounts::~Accounts() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Accounts::LogIn(std::string name, std::function<void(absl::StatusOr<std::string>)> done) {
  Ask([this, name = std::move(name), done = std::move(done)](const absl::Status& status) {
    if (!status.ok()) return done(status);
    if (tokens_.size() >= kMaxAccounts) {
      accounts_.erase(tokens_.front());
      tokens_.pop_front();
    }
    // Each has 16 random bytes.
    const std::string token = RandomKey();
    tokens_.push_back(token);
    accounts_[token] = {.name = name, .key = RandomKey()};
    done(token);
  });
}

void Accounts::Find(std::string token,
                    std::function<void(absl::StatusOr<std::optional<Account>>)> done) {
  Ask([this, token = std::move(token), done = std::move(done)](const absl::Status& status) {
    if (!status.ok()) return done(status);
    const auto found = accounts_.find(token);
    done(found == accounts_.end() ? std::nullopt : std::optional<Account>(found->second));
  });
}

void Accounts::LogOut(std::string token, std::function<void(absl::Status)> done) {
  Ask([this, token = std::move(token), done = std::move(done)](const absl::Status& status) {
    if (status.ok() && accounts_.erase(token) > 0) std::erase(tokens_, token);
    done(status);
  });
}

void Accounts::Ask(Query query) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (queries_.size() < kMaxWaiting) {
      queries_.push_back(std::move(query));
      changed_.notify_one();
      return;
    }
  }
  query(absl::UnavailableError("the database is too busy"));
}

void Accounts::Run() {
  while (true) {
    std::deque<Query> queries;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !queries_.empty(); });
      if (queries_.empty()) return;
      queries.swap(queries_);
    }
    absl::SleepFor(delay_);
    for (const Query& query : queries) query(absl::OkStatus());
  }
}

}  // namespace weft::chat
