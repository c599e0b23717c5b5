#include "tools/weft/connect/connect.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/weft/child_process.h"
#include "tools/weft/client_flags.h"
#include "tools/weft/command_help.h"
#include "tools/weft/connect/connect_options.h"
#include "tools/weft/connect/link.h"
#include "tools/weft/connect/session.h"
#include "tools/weft/console.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/format.h"
#include "tools/weft/hints.h"
#include "tools/weft/history_file.h"
#include "tools/weft/json_line.h"
#include "tools/weft/line_editor.h"
#include "tools/weft/write_all.h"
#include "weft/client/client.h"
#include "weft/client/reconnect_options.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/client/reconnecting_client.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/http_status.h"
#include "weft/loop/signals.h"
#include "weft/transport/notification.h"

namespace weft::cli {
namespace {

// Signals that the process ignores from the start, as under nohup, stay ignored.
std::vector<int> SignalsToHandle() {
  std::vector<int> signals;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT}) {
    if (!SignalWaiter::IsIgnored(signal)) signals.push_back(signal);
  }
  return signals;
}

// Passes signals to the session while it runs, from a thread of its own. Before and after it they
// end this process, and first kill the one of --exec.
class SignalSwitch {
 public:
  SignalSwitch(SignalWaiter* signals, LineEditor* editor)
      : signals_(signals), editor_(editor), thread_([this] {
          while (const std::optional<int> signal = signals_->Wait()) Handle(*signal);
        }) {}

  ~SignalSwitch() {
    signals_->Cancel();
    thread_.join();
  }

  SignalSwitch(const SignalSwitch&) = delete;
  SignalSwitch& operator=(const SignalSwitch&) = delete;

  void SetSession(Session* session) {
    const std::lock_guard<std::mutex> lock(mutex_);
    session_ = session;
  }

  // Both processes exist for a signal, or only this one.
  absl::StatusOr<ChildProcess*> StartProcess(const std::string& command) {
    const std::lock_guard<std::mutex> lock(mutex_);
    absl::StatusOr<ChildProcess> process = ChildProcess::Start(command);
    if (!process.ok()) return process.status();
    return &process_.emplace(*std::move(process));
  }

  ChildProcess::Exit EndProcess(absl::Duration grace) {
    const ChildProcess::Exit exit = process_->End(grace);
    const std::lock_guard<std::mutex> lock(mutex_);
    process_.reset();
    return exit;
  }

 private:
  void Handle(int signal) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (signal == SIGWINCH || signal == SIGCONT) {
      if (editor_ != nullptr) editor_->Redraw();
    } else if (session_ != nullptr) {
      session_->Signal(signal);
    } else {
      if (process_.has_value()) process_->Kill();
      _exit(kSignal + signal);
    }
  }

  SignalWaiter* const signals_;
  LineEditor* const editor_;
  std::mutex mutex_;
  Session* session_ = nullptr;
  std::optional<ChildProcess> process_;
  std::thread thread_;
};

// Null if input is not typed, or lines cannot be edited.
std::unique_ptr<LineEditor> MakeEditor(const ConsoleOptions& console) {
  if (!isatty(STDIN_FILENO) || !console.err_is_terminal) return nullptr;
  absl::StatusOr<std::unique_ptr<LineEditor>> editor = LineEditor::Create(
      stdin, console.err,
      {.prompt_color = std::string(Style(console.colors).sent()), .history_file = HistoryFile()});
  return editor.ok() ? *std::move(editor) : nullptr;
}

absl::StatusOr<ClientOptions> MakeOptions(const ConnectOptions& options, Console* console) {
  absl::StatusOr<ClientOptions> client = ToClientOptions(options);
  if (!client.ok()) return client;
  client->timeouts.close = options.close_timeout;
  client->connection.max_message_bytes = options.max_message_bytes;
  if (options.compress) client->connection.compression.use = CompressionOptions::Use::kOn;
  if (options.show_headers) {
    client->hooks.on_head = [console](HttpHead which, absl::string_view head) {
      console->Tell(DescribeHead(which == HttpHead::kRequest ? "> " : "< ", head));
    };
  }
  client->hooks.on_round_trip = [console](absl::Duration time) { console->RoundTrip(time); };
  return client;
}

void TellHints(const ConnectOptions& options, const absl::Status& error, Console& console) {
  if (options.quiet) return;
  for (const std::string& hint : Hints(options.url, options.origin, error)) console.Tell(hint);
}

int CannotConnect(const ConnectOptions& options, const absl::Status& error, Console& console) {
  const std::optional<HttpRefusal> refusal = RefusalOf(error);
  console.Event(JsonLine("error", absl::Now())
                    .Add("message", error.message())
                    .Add("status", refusal.has_value() ? refusal->status : 0));
  if (!refusal.has_value()) {
    console.Complain(error.message());
    TellHints(options, error, console);
    return kCannotConnect;
  }
  const absl::string_view reason = HttpReason(refusal->status);
  console.Complain(absl::StrCat(options.url, ": refused with HTTP ", refusal->status,
                                reason.empty() ? "" : " ", reason));
  const std::string& not_followed = refusal->not_followed;
  if (const auto location = refusal->Find("Location"); location.has_value()) {
    console.Tell(absl::StrCat("It redirects to ", *location,
                              not_followed.empty() ? "; see --max-redirects." : "."));
  }
  if (!not_followed.empty()) {
    console.Tell(absl::StrCat("The redirect was not followed: ", not_followed, "."));
  }
  if (!refusal->body.empty()) {
    console.Tell(absl::StripTrailingAsciiWhitespace(refusal->body));
  }
  TellHints(options, error, console);
  return kRefused;
}

// Says that it still connects, if that takes a second.
class SignOfLife {
 public:
  SignOfLife(const ConnectOptions& options, Console& console)
      : thread_([this, &options, &console] {
          std::unique_lock<std::mutex> lock(mutex_);
          if (changed_.wait_for(lock, std::chrono::seconds(1), [this] { return done_; })) return;
          console.Note(absl::StrCat("connecting to ", options.url, ", for at most ",
                                    absl::FormatDuration(options.timeout)));
        }) {}

  ~SignOfLife() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  SignOfLife(const SignOfLife&) = delete;
  SignOfLife& operator=(const SignOfLife&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

void TellConnected(const ConnectOptions& options, const Client& client, Console& console) {
  const std::string& subprotocol = client.subprotocol();
  const std::string peer = client.peer_address().ToString();
  console.Note(absl::StrCat("connected to ", options.url, " at ", peer,
                            subprotocol.empty() ? "" : ", subprotocol ", subprotocol));
  console.Event(JsonLine("open", absl::Now())
                    .Add("url", options.url)
                    .Add("peer", peer)
                    .Add("subprotocol", subprotocol));
}

// The events between connections.
void TellReconnecting(const ConnectOptions& options, const ReconnectEvent& event,
                      Console& console) {
  using Type = ReconnectEvent::Type;
  if (event.type != Type::kLost && event.type != Type::kWaiting) return;
  const bool lost = event.type == Type::kLost;
  JsonLine line(lost ? "lost" : "waiting", absl::Now());
  line.Add("message", event.status.message());
  if (!lost) line.Add("seconds", absl::ToDoubleSeconds(event.wait)).Add("attempt", event.attempt);
  console.Event(line);
  if (!options.quiet) console.Tell(event.ToString());
}

ReconnectOptions Reconnecting(const ConnectOptions& options, ClientOptions client,
                              Console& console) {
  ReconnectOptions reconnect;
  reconnect.client = std::move(client);
  reconnect.hooks.after_connect = [&options, &console](Client& fresh) {
    TellConnected(options, fresh, console);
    const Opcode opcode = options.binary ? Opcode::kBinary : Opcode::kText;
    for (const std::string& message : options.messages) {
      if (absl::Status sent = fresh.SendMessage(opcode, message); !sent.ok()) return sent;
    }
    return absl::OkStatus();
  };
  reconnect.hooks.on_event = [&options, &console](const ReconnectEvent& event) {
    TellReconnecting(options, event, console);
  };
  return reconnect;
}

int RunSession(const ConnectOptions& options, Link& link, Console& console, LineEditor* editor,
               int input_fd, SignalSwitch& signals) {
  const absl::StatusOr<Notification> stop = Notification::Create();
  if (!stop.ok()) {
    console.Complain(stop.status().message());
    return kCannotConnect;
  }
  Session session(options, link, console, editor, input_fd, *stop);
  signals.SetSession(&session);
  const int code = session.Run();
  signals.SetSession(nullptr);
  return code;
}

// The session of --exec: a process instead of us.
int RunProcess(const ConnectOptions& options, Link& link, Console& console,
               ConsoleOptions console_options, SignalSwitch& signals) {
  constexpr absl::Duration kGrace = absl::Seconds(5);
  const absl::StatusOr<Notification> end_output = Notification::Create();
  if (!end_output.ok()) {
    console.Complain(end_output.status().message());
    return kWrongUsage;
  }
  const absl::StatusOr<ChildProcess*> started = signals.StartProcess(options.exec);
  if (!started.ok()) {
    console.Complain(started.status().message());
    return kWrongUsage;
  }
  ChildProcess* const process = *started;
  FILE* input = fdopen(process->input.release(), "w");
  console_options.out = input;
  console_options.out_is_terminal = false;
  console_options.end_output = &*end_output;
  Console to_process(console_options, nullptr);
  const int code = RunSession(options, link, to_process, nullptr, process->output.get(), signals);
  process->output.reset();
  std::fclose(input);
  const ChildProcess::Exit exit = signals.EndProcess(kGrace);
  // A process that we told to end, or whose output nobody reads any more, is not at fault.
  if (exit.code == 0 || exit.was_told || exit.signal == SIGPIPE || exit.code == kSignal + SIGPIPE)
    return code;
  console.Complain(absl::StrCat("the command ended with ", exit.ToString()));
  return code == kOrderly ? kClosedOtherwise : code;
}

}  // namespace

int Connect(absl::Span<const absl::string_view> words) {
  const absl::StatusOr<ConnectOptions> options = ParseConnectOptions(words);
  ConsoleOptions console_options = ConsoleOptions::Detect();
  if (!options.ok()) {
    Console(console_options, nullptr)
        .Complain(absl::StrCat(options.status().message(), "; see weft connect --help"));
    return kWrongUsage;
  }
  if (options->help) return Print(HelpText(ConnectCommandHelp()));
  console_options.quiet = options->quiet;
  console_options.binary = options->binary;
  console_options.json = options->json;
  console_options.timestamps = options->timestamps;
  console_options.round_trips = options->ping < absl::InfiniteDuration();

  UseUtf8Locale();
  std::signal(SIGPIPE, SIG_IGN);
  const std::unique_ptr<LineEditor> editor =
      options->exec.empty() ? MakeEditor(console_options) : nullptr;
  Console console(console_options, editor.get());
  absl::StatusOr<SignalWaiter> waiter = SignalWaiter::Create(SignalsToHandle());
  if (!waiter.ok()) {
    console.Complain(waiter.status().message());
    return kCannotConnect;
  }
  SignalSwitch signals(&*waiter, editor.get());
  if (!options->exec.empty()) {
    if (absl::Status status = CheckCommand(options->exec); !status.ok()) {
      console.Complain(status.message());
      return kWrongUsage;
    }
  }

  absl::StatusOr<ClientOptions> client_options = MakeOptions(*options, &console);
  if (!client_options.ok()) {
    console.Complain(client_options.status().message());
    return kWrongUsage;
  }
  const auto run = [&](Link& link) {
    return options->exec.empty()
               ? RunSession(*options, link, console, editor.get(), STDIN_FILENO, signals)
               : RunProcess(*options, link, console, console_options, signals);
  };
  auto sign_of_life = std::make_unique<SignOfLife>(*options, console);
  if (options->reconnect) {
    const absl::StatusOr<std::unique_ptr<ReconnectingClient>> client = ReconnectingClient::Create(
        options->url, Reconnecting(*options, *std::move(client_options), console));
    const absl::Status connected = client.ok() ? (*client)->Connect() : client.status();
    sign_of_life.reset();
    if (!connected.ok()) return CannotConnect(*options, connected, console);
    ReconnectingLink link(**client);
    return run(link);
  }
  const absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(options->url, *std::move(client_options));
  sign_of_life.reset();
  if (!client.ok()) return CannotConnect(*options, client.status(), console);
  TellConnected(*options, **client, console);
  ClientLink link(**client);
  return run(link);
}

}  // namespace weft::cli
