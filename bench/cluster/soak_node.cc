#include "weft/bench/cluster/soak_node.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/server.h"
#include "weft/server/topics/position.h"
#include "weft/transport/tls_options.h"

namespace weft::bench {
namespace {

class SoakHandler : public Handler {
 public:
  void OnMessage(Session& session, const Message& message) override {
    const std::vector<std::string> words = absl::StrSplit(message.payload, ' ');
    absl::Status status;
    int milliseconds = 0;
    if (words[0] == "sub" && words.size() == 3) {
      status = session.Subscribe(words[1], {.since = words[2]});
    } else if (words[0] == "pub" && words.size() == 3) {
      session.Publish(
          words[1], Opcode::kText, words[2], {},
          [ref = session.ref(), payload = words[2]](const absl::StatusOr<Position>& stored) {
            ref.SendBinary(absl::StrCat("done ", payload,
                                        stored.ok() ? absl::StrCat(" ", stored->ToString()) : ""))
                .IgnoreError();
          });
    } else if (words[0] == "block" && absl::SimpleAtoi(words[1], &milliseconds)) {
      absl::SleepFor(absl::Milliseconds(milliseconds));
    } else {
      status = absl::InvalidArgumentError(absl::StrCat("what is ", message.payload));
    }
    if (!status.ok()) session.Close(CloseCode::kInternalError, status.message()).IgnoreError();
  }

  void OnTopic(Session& session, absl::string_view topic, const TopicEvent& event) override {
    if (session.SendBinary(EventText(topic, event)).ok()) return;
    session.Terminate();  // the client would count from another position
  }
};

}  // namespace

absl::StatusOr<Position> ParsePosition(absl::string_view text) {
  return text.empty() ? Position() : Position::Parse(text);
}

std::string EventText(absl::string_view topic, const TopicEvent& event) {
  return absl::StrCat("event ", static_cast<int>(event.type), " ", static_cast<int>(event.reason),
                      " ", event.missed.has_value() ? absl::StrCat(*event.missed) : "-", " ",
                      event.position.ToString(), " ", topic);
}

absl::StatusOr<NamedEvent> ParseEvent(absl::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ');
  int type = 0, reason = 0;
  uint64_t missed = 0;
  if (words.size() != 6 || words[0] != "event" || !absl::SimpleAtoi(words[1], &type) ||
      !absl::SimpleAtoi(words[2], &reason)) {
    return absl::InvalidArgumentError(absl::StrCat("not an event: ", text));
  }
  const absl::StatusOr<Position> position = ParsePosition(words[4]);
  if (!position.ok()) return position.status();
  NamedEvent named = {.topic = words[5],
                      .event = {.type = static_cast<TopicEvent::Type>(type),
                                .position = *position,
                                .reason = static_cast<GapReason>(reason)}};
  if (absl::SimpleAtoi(words[3], &missed)) named.event.missed = missed;
  return named;
}

int RunSoakNode(const std::string& redis, const std::string& password_file,
                const std::string& tls_folder) {
  const auto log = [](LogLevel, absl::string_view line) {
    std::cerr << absl::FormatTime("%H:%M:%E3S ", absl::Now(), absl::UTCTimeZone()) << line << "\n";
  };
  TlsClientOptions tls;
  if (!tls_folder.empty()) {
    tls = {.ca_file = tls_folder + "/ca.pem",
           .identity = {.certificate_file = tls_folder + "/client.pem",
                        .private_key_file = tls_folder + "/client.key"}};
  }
  auto broker = RedisBroker::Create({.address = redis,
                                     .password_file = password_file,
                                     .tls = tls,
                                     .timeouts = {.connect = absl::Seconds(1),
                                                  .call = absl::Seconds(1),
                                                  .ping_interval = absl::Milliseconds(300),
                                                  .answer = absl::Seconds(1),
                                                  .probe = absl::Seconds(1),
                                                  .backoff = {.first = absl::Milliseconds(20),
                                                              .longest = absl::Milliseconds(500),
                                                              .reset_after = absl::Seconds(1)}},
                                     .log = log});
  if (!broker.ok()) {
    std::cerr << broker.status() << "\n";
    return 1;
  }
  ServerOptions options = {.threads = 2};
  options.hooks.log = log;
  options.hooks.min_log_level = LogLevel::kWarning;
  options.hooks.topic_options = [](absl::string_view topic) {
    return TopicOptions{.shared = true, .history = IsKept(topic) ? kSoakHistory : TopicHistory()};
  };
  options.broker = *std::move(broker);
  auto server = Server::Start(
      std::move(options),
      [](const SessionRequest&, UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
        return std::make_unique<SoakHandler>();
      });
  if (!server.ok()) {
    std::cerr << server.status() << "\n";
    return 1;
  }
  std::cout << (*server)->port() << std::endl;
  while (true) pause();
}

void NodeProcess::Start(const std::string& log) {
  int ends[2];
  log_ = log;
  const int to = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (to < 0 || pipe2(ends, O_CLOEXEC) != 0) {
    std::perror(log.c_str());
    std::exit(1);
  }
  std::vector<std::string> words = arguments_;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], 1);
    dup2(to, 2);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  close(to);
  close(ends[1]);
  FILE* const printed = fdopen(ends[0], "r");
  unsigned port = 0;
  if (std::fscanf(printed, "%u", &port) != 1) {
    std::cerr << "a node has not started: " << log << "\n";
    std::exit(1);
  }
  std::fclose(printed);
  port_ = static_cast<uint16_t>(port);
}

void NodeProcess::Kill() {
  if (pid_ < 0) return;
  port_ = 0;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void NodeProcess::Signal(int signal) const { kill(pid_, signal); }

size_t NodeProcess::MemoryBytes() const {
  size_t pages = 0, resident = 0;
  std::ifstream(absl::StrCat("/proc/", pid_, "/statm")) >> pages >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

size_t NodeProcess::LogBytes() const { return std::filesystem::file_size(log_); }

void NodeProcess::AwaitLog(size_t from, absl::string_view text) const {
  while (true) {
    std::ifstream file(log_);
    file.seekg(static_cast<std::streamoff>(from));
    const std::string log(std::istreambuf_iterator<char>(file), {});
    if (absl::StrContains(log, text)) return;
    absl::SleepFor(absl::Milliseconds(5));
  }
}

}  // namespace weft::bench
