// A server of a chapter that runs on a thread.

#ifndef WEFT_COURSE_TESTING_RUNNING_SERVER_H_
#define WEFT_COURSE_TESTING_RUNNING_SERVER_H_

#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"

namespace course::testing {

// Runs a server until it is destroyed. `Server` has port(), Run() and Stop(), as the Server of
// chapter 9 and the GuardedServer of chapter 10.
template <typename Server>
class RunningServer {
 public:
  // `server` is the result of Listen(); throws std::runtime_error if that is an error. Calls
  // `before_run` with the port before anybody is accepted.
  explicit RunningServer(absl::StatusOr<std::unique_ptr<Server>> server,
                         const std::function<void(int)>& before_run = nullptr) {
    if (!server.ok()) throw std::runtime_error(server.status().ToString());
    server_ = *std::move(server);
    port_ = server_->port();
    if (before_run) before_run(port_);
    thread_ = std::thread([this] {
      try {
        server_->Run();
      } catch (const std::exception& error) {
        std::cerr << "Run: " << error.what() << "\n";
        const std::lock_guard<std::mutex> lock(mutex_);
        trouble_ = error.what();
        server_.reset();  // so that its clients fail now, and not after a time
      }
    });
  }

  ~RunningServer() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (server_ != nullptr) server_->Stop();
    }
    thread_.join();
  }

  int port() const { return port_; }

  // Throws what Run() has thrown: code of a chapter that is not written.
  void CheckRuns() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!trouble_.empty()) throw std::runtime_error(trouble_);
  }

 private:
  std::mutex mutex_;  // of server_ and trouble_
  std::unique_ptr<Server> server_;
  std::string trouble_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace course::testing

#endif  // WEFT_COURSE_TESTING_RUNNING_SERVER_H_
