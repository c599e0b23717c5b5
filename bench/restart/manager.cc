#include "bench/restart/manager.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/transport/listen.h"

extern char** environ;

namespace weft::bench {

absl::StatusOr<Manager> Manager::Make(std::vector<std::string> command) {
  Manager manager;
  manager.command_ = std::move(command);
  absl::StatusOr<UniqueFd> listener = Listen(*SocketAddress::FromIp("127.0.0.1", 0));
  if (!listener.ok()) return listener.status();
  manager.listener_ = *std::move(listener);
  manager.notify_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  manager.notify_name_ = absl::StrCat("@weft_bench_restart_", getpid());
  sockaddr_storage storage;
  const socklen_t size = SocketAddress::FromUnixPath(manager.notify_name_)->ToSockaddr(&storage);
  if (bind(manager.notify_.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a socket for notifications");
  }
  return manager;
}

Manager::Manager(Manager&& other) noexcept
    : command_(std::move(other.command_)),
      listener_(std::move(other.listener_)),
      notify_(std::move(other.notify_)),
      notify_name_(std::move(other.notify_name_)),
      pid_(std::exchange(other.pid_, 0)) {}

Manager::~Manager() {
  if (pid_ != 0) Stop().IgnoreError();
}

absl::Status Manager::Start() {
  // Only the new process knows its number.
  std::vector<std::string> words = {"/bin/sh", "-c",
                                    "export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"", "sh"};
  words.insert(words.end(), command_.begin(), command_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string notify = absl::StrCat("NOTIFY_SOCKET=", notify_name_);
  std::vector<char*> environment;
  for (char** each = environ; *each != nullptr; ++each) {
    if (!absl::StartsWith(*each, "NOTIFY_SOCKET=")) environment.push_back(*each);
  }
  environment.push_back(notify.data());
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, listener_.get(), 3);
  const int error = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::ErrnoToStatus(error, "cannot start the server");
  return WaitForReady();
}

absl::Status Manager::Stop() {
  kill(pid_, SIGTERM);
  int status = 0;
  if (waitpid(std::exchange(pid_, 0), &status, 0) < 0) return absl::ErrnoToStatus(errno, "waitpid");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the server ended with the wait status ", status));
}

absl::Status Manager::WaitForReady() {
  while (true) {
    char text[512];
    const timeval patience = {.tv_sec = 30, .tv_usec = 0};
    setsockopt(notify_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const ssize_t size = recv(notify_.get(), text, sizeof(text), 0);
    if (size < 0) return absl::ErrnoToStatus(errno, "the server does not say that it is ready");
    if (absl::StrContains(absl::string_view(text, size), "READY=1")) return absl::OkStatus();
  }
}

}  // namespace weft::bench
