#include "tools/weft/connect.h"

#include <unistd.h>

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
#include "absl/time/time.h"
#include "tools/weft/connect_options.h"
#include "tools/weft/console.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/format.h"
#include "tools/weft/history_file.h"
#include "tools/weft/line_editor.h"
#include "tools/weft/session.h"
#include "weft/client/client.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/http_status.h"
#include "weft/loop/signals.h"
#include "weft/transport/notification.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

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
// end the process.
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

 private:
  void Handle(int signal) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (signal == SIGWINCH || signal == SIGCONT) {
      if (editor_ != nullptr) editor_->Redraw();
    } else if (session_ != nullptr) {
      session_->Signal(signal);
    } else {
      _exit(kSignal + signal);
    }
  }

  SignalWaiter* const signals_;
  LineEditor* const editor_;
  std::mutex mutex_;
  Session* session_ = nullptr;
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

// Null to use the system's trusted certificates.
absl::StatusOr<std::shared_ptr<TlsContext>> MakeTls(const TlsClientOptions& options) {
  if (options.ca_file.empty() && options.identity.certificate_file.empty() &&
      !options.dangerously_accept_any_certificate) {
    return nullptr;
  }
  return TlsContext::ForClient(options);
}

absl::StatusOr<ClientOptions> ToClientOptions(const ConnectOptions& options, Console* console) {
  absl::StatusOr<std::shared_ptr<TlsContext>> tls = MakeTls(options.tls);
  if (!tls.ok()) return tls.status();
  ClientOptions client;
  client.tls = *std::move(tls);
  client.request.basic_auth = options.auth;
  client.connect_to = options.connect_to;
  client.proxy = options.proxy;
  client.http.max_redirects = options.max_redirects;
  client.timeouts.connect = options.timeout;
  client.timeouts.close = options.close_timeout;
  client.connection.max_message_bytes = options.max_message_bytes;
  if (options.compress) client.connection.compression.use = CompressionOptions::Use::kOn;
  client.request.headers = options.headers;
  client.request.subprotocols = options.subprotocols;
  client.request.origin = options.origin;
  if (options.show_headers) {
    client.hooks.on_head = [console](HttpHead which, absl::string_view head) {
      console->Tell(DescribeHead(which == HttpHead::kRequest ? "> " : "< ", head));
    };
  }
  if (options.ping < absl::InfiniteDuration()) {
    client.hooks.on_round_trip = [console](absl::Duration time) {
      console->Tell(absl::StrCat("pong: ", DescribeRoundTrip(time)));
    };
  }
  return client;
}

int CannotConnect(const ConnectOptions& options, const absl::Status& error, Console& console) {
  const std::optional<HttpRefusal> refusal = RefusalOf(error);
  if (!refusal.has_value()) {
    console.Complain(error.message());
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
  return kRefused;
}

int RunSession(const ConnectOptions& options, Client& client, Console& console, LineEditor* editor,
               SignalSwitch& signals) {
  const absl::StatusOr<Notification> stop = Notification::Create();
  if (!stop.ok()) {
    console.Complain(stop.status().message());
    return kCannotConnect;
  }
  Session session(options, client, console, editor, STDIN_FILENO, *stop);
  signals.SetSession(&session);
  const int code = session.Run();
  signals.SetSession(nullptr);
  return code;
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
  if (options->help) {
    std::fputs(ConnectHelp().c_str(), stdout);
    return kOrderly;
  }
  console_options.quiet = options->quiet;
  console_options.binary = options->binary;

  UseUtf8Locale();
  std::signal(SIGPIPE, SIG_IGN);
  const std::unique_ptr<LineEditor> editor = MakeEditor(console_options);
  Console console(console_options, editor.get());
  absl::StatusOr<SignalWaiter> waiter = SignalWaiter::Create(SignalsToHandle());
  if (!waiter.ok()) {
    console.Complain(waiter.status().message());
    return kCannotConnect;
  }
  SignalSwitch signals(&*waiter, editor.get());

  absl::StatusOr<ClientOptions> client_options = ToClientOptions(*options, &console);
  if (!client_options.ok()) {
    console.Complain(client_options.status().message());
    return kWrongUsage;
  }
  const absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(options->url, *std::move(client_options));
  if (!client.ok()) return CannotConnect(*options, client.status(), console);
  const std::string& subprotocol = (*client)->subprotocol();
  console.Note(absl::StrCat("connected to ", options->url, " at ",
                            (*client)->peer_address().ToString(),
                            subprotocol.empty() ? "" : ", subprotocol ", subprotocol));
  return RunSession(*options, **client, console, editor.get(), signals);
}

}  // namespace weft::cli
