#include "weft/cluster/redis/testing/redis_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"
#include "weft/transport/wait.h"

namespace weft::testing {
namespace {

// Far longer than anything here takes.
Deadline Soon() { return Deadline::After(absl::Minutes(2)); }

uint16_t FreePort() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address;
  const socklen_t size = SocketAddress::FromIp("127.0.0.1", 0)->ToSockaddr(&address);
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  return LocalAddress(socket.get()).port();
}

std::string NewFolder() {
  const char* const root = std::getenv("TEST_TMPDIR");
  std::string folder = absl::StrCat(root != nullptr ? root : "/tmp", "/redis.XXXXXX");
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder;
}

}  // namespace

bool IsInstalled(absl::string_view program) {
  const char* const path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path != nullptr ? path : "", ':')) {
    if (access(absl::StrCat(folder, "/", program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

RedisProcess::RedisProcess(std::vector<std::string> arguments, std::string program,
                           std::string config)
    : arguments_(std::move(arguments)),
      program_(std::move(program)),
      config_(std::move(config)),
      folder_(NewFolder()) {
  // Another process may take a port before this one does.
  for (int attempt = 0; attempt < 10; ++attempt) {
    port_ = FreePort();
    tls_port_ = FreePort();
    if (Launch()) return;
  }
  ADD_FAILURE() << "cannot start " << program_;
}

RedisProcess::~RedisProcess() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string RedisProcess::address() const { return absl::StrCat("redis://127.0.0.1:", port_); }

bool RedisProcess::Launch() {
  std::vector<std::string> words = {program_};
  if (config_.empty()) {
    words.insert(words.end(), {"--port", absl::StrCat(port_), "--bind", "127.0.0.1", "--dir",
                               folder_, "--save", ""});
    for (const std::string& argument : arguments_) {
      words.push_back(argument == "PORT"       ? absl::StrCat(port_)
                      : argument == "TLS_PORT" ? absl::StrCat(tls_port_)
                                               : argument);
    }
  } else {
    const std::string file = absl::StrCat(folder_, "/config");
    std::ofstream(file) << absl::StrReplaceAll(
        absl::StrCat("port PORT\nbind 127.0.0.1\ndir FOLDER\n", config_),
        {{"PORT", absl::StrCat(port_)}, {"FOLDER", folder_}});
    words.push_back(file);
  }
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  output_ = UniqueFd(ends[0]);
  const UniqueFd child_output(ends[1]);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(child_output.get(), 1);
    dup2(child_output.get(), 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  if (pid_ < 0) return false;
  std::string printed;
  while (!absl::StrContains(printed, "Ready to accept connections") &&
         !absl::StrContains(printed, "Sentinel ID is")) {
    std::array<char, 4096> buffer;
    const ssize_t count = Wait(output_.get(), Interest::kRead, Soon()).ok()
                              ? read(output_.get(), buffer.data(), buffer.size())
                              : 0;
    if (count <= 0) {
      Kill();
      std::fprintf(stderr, "%s has ended:\n%s", program_.c_str(), printed.c_str());
      return false;
    }
    printed.append(buffer.data(), static_cast<size_t>(count));
  }
  // A long log must not block it.
  fcntl(child_output.get(), F_SETFL, O_NONBLOCK);
  return true;
}

void RedisProcess::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::Start() { EXPECT_TRUE(Launch()); }

void RedisProcess::Signal(int signal) { kill(pid_, signal); }

RespValue RedisProcess::Do(absl::Span<const absl::string_view> command) const {
  return DoAt(port_, command);
}

RespValue DoAt(uint16_t port, absl::Span<const absl::string_view> command) {
  absl::StatusOr<Stream> stream = ConnectTo("127.0.0.1", port, Soon());
  if (!stream.ok()) {
    ADD_FAILURE() << stream.status();
    return {};
  }
  std::string out;
  AppendCommand(command, &out);
  EXPECT_EQ(stream->Write(out).bytes, out.size());
  RespReader reader;
  while (true) {
    const absl::StatusOr<RespValue*> reply = reader.Next();
    if (!reply.ok()) {
      ADD_FAILURE() << reply.status();
      return {};
    }
    if (*reply != nullptr) return std::move(**reply);
    std::array<char, 4096> buffer;
    EXPECT_TRUE(Wait(stream->fd(), Interest::kRead, Soon()).ok());
    const IoResult result = stream->Read(absl::MakeSpan(buffer));
    if (!result.ok()) {
      ADD_FAILURE() << "no reply to " << command[0];
      return {};
    }
    reader.Feed(absl::string_view(buffer.data(), result.bytes));
  }
}

}  // namespace weft::testing
