// The people who have logged in: a pretend database.

#ifndef EXAMPLES_CHAT_LOGIN_ACCOUNTS_H_
#define EXAMPLES_CHAT_LOGIN_ACCOUNTS_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft::chat {

struct Account {
  std::string name{};
  std::string key{};  // the person's secret for the room, instead of Hello::key
};

// Answers each query on a thread of its own, after the time that a database would take, so no loop
// may wait for it: acceptors and pages answer later. It keeps nothing when the server ends, and
// asks for no password. Thread-safe.
class Accounts {
 public:
  // The maximum numbers of accounts, of which the oldest is forgotten, and of queries that wait.
  static constexpr size_t kMaxAccounts = 10000;
  static constexpr size_t kMaxWaiting = 1000;

  explicit Accounts(absl::Duration delay);

  // Answers the queries that wait.
  ~Accounts();

  // Each calls `done` once: on the database's thread, or at once with Unavailable if too many
  // queries wait.

  // Calls `done` with a token for a person of this name, which must be clean (text.h).
  void LogIn(std::string name, std::function<void(absl::StatusOr<std::string> token)> done);

  // Calls `done` with the account of a token, or with nullopt for an unknown token.
  void Find(std::string token, std::function<void(absl::StatusOr<std::optional<Account>>)> done);

  // Forgets the token.
  void LogOut(std::string token, std::function<void(absl::Status)> done);

 private:
  // Called on the thread, or with an error that is not OK at once.
  using Query = std::function<void(const absl::Status&)>;

  void Ask(Query query);
  void Run();

  const absl::Duration delay_;

  // Used by the thread.
  std::unordered_map<std::string, Account> accounts_;  // by token
  std::deque<std::string> tokens_;                     // in the order of the logins

  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::deque<Query> queries_;
  bool stop_ = false;

  std::thread thread_;  // last member: it uses the others
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_LOGIN_ACCOUNTS_H_
