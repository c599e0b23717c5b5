#include "tools/weft/listen/handlers.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/log.h"
#include "weft/core/message.h"
#include "weft/server/handler.h"
#include "weft/server/loop_session.h"
#include "weft/transport/tls_context.h"

namespace weft::cli {
namespace {

constexpr absl::string_view kTopic = "chat";
constexpr absl::string_view kSlow = "the client does not read";

class EchoHandler : public Handler {
  void OnMessage(Session& session, const Message& message) override {
    if (session.Send(message).ok()) return;
    // An echo must not leave messages out.
    session.Close(CloseCode::kTryAgainLater, kSlow).IgnoreError();
  }
};

// Each message goes to every member, also to the one who said it. The server has one loop, so a
// member gets each message that was said while it was there, or is closed with 1013.
class ChatHandler : public Handler {
 public:
  explicit ChatHandler(std::function<void(absl::string_view)> complain)
      : complain_(std::move(complain)) {}

  void OnOpen(Session& session) override {
    session.Subscribe(kTopic).IgnoreError();  // within every limit
  }

  void OnMessage(Session& session, const Message& message) override {
    const absl::Status status = session.Publish(kTopic, message.opcode, message.payload,
                                                {.when_full = WhenFull::kDisconnect});
    if (!status.ok()) complain_(status.message());
  }

 private:
  const std::function<void(absl::string_view)> complain_;
};

class ExecHandler : public LoopHandler {
 public:
  ExecHandler(const ExecOptions& options, std::vector<std::string> environment,
              std::shared_ptr<LinkCount> processes)
      : options_(options), environment_(std::move(environment)), processes_(std::move(processes)) {}

  void Attach(LoopSession& session) override { session_ = &session; }
  void OnRoundTrip() override {}

  void OnOpen(Session& session) override {
    absl::StatusOr<std::shared_ptr<ProcessLink>> link =
        ProcessLink::Create(options_, session.ref(),
                            {.resume = [this] { session_->ResumeReading(); },
                             .has_room = [this] { return !session_->is_high(); }});
    if (!link.ok()) {
      options_.complain(link.status().message());
      session.Close(CloseCode::kTryAgainLater, "too many connections").IgnoreError();
      return;
    }
    link_ = *std::move(link);
    if (ProcessLink::Start(link_, std::move(environment_), processes_)) return;
    link_ = nullptr;
    session.Close(CloseCode::kTryAgainLater, "too many processes").IgnoreError();
  }

  void OnMessage(Session& /*session*/, const Message& message) override {
    if (link_ != nullptr && !link_->Write(message.payload)) session_->HoldReading();
  }

  void OnWritable(Session& /*session*/) override {
    if (link_ != nullptr) link_->OnWritable();
  }

  void OnClose(Session& /*session*/, const CloseInfo& /*info*/) override {
    if (link_ != nullptr) link_->OnClose();
  }

 private:
  const ExecOptions options_;
  std::vector<std::string> environment_;
  const std::shared_ptr<LinkCount> processes_;
  LoopSession* session_ = nullptr;
  std::shared_ptr<ProcessLink> link_;
};

}  // namespace

Acceptor MakeAcceptor(const ListenOptions& options, const ListenOutput& output,
                      const std::shared_ptr<LinkCount>& processes) {
  const ExecOptions exec = {.command = options.exec,
                            .binary = options.binary,
                            .max_line_bytes = options.max_message_bytes,
                            .complain = output.complain};
  return [chat = options.chat, exec, processes](
             const SessionRequest& request,
             UpgradeResponse& response) -> absl::StatusOr<std::unique_ptr<Handler>> {
    if (!request.subprotocols.empty()) {
      response.subprotocol = std::string(request.subprotocols.front());
    }
    if (chat) return std::make_unique<ChatHandler>(exec.complain);
    if (exec.command.empty()) return std::make_unique<EchoHandler>();
    std::vector<std::string> environment = {
        absl::StrCat("WEFT_PEER=", request.peer_address.ToString()),
        absl::StrCat("WEFT_TARGET=", request.target),
        absl::StrCat("WEFT_SUBPROTOCOL=", response.subprotocol)};
    return std::make_unique<ExecHandler>(exec, std::move(environment), processes);
  };
}

absl::StatusOr<ServerOptions> ToServerOptions(const ListenOptions& options,
                                              const ListenOutput& output) {
  ServerOptions server;
  server.address = options.address;
  server.port = options.port;
  if (!options.tls.certificate_file.empty()) {
    absl::StatusOr<std::shared_ptr<TlsContext>> tls =
        TlsContext::ForServer({.identities = {options.tls}});
    if (!tls.ok()) return tls.status();
    server.tls = *std::move(tls);
  }
  server.http.allowed_origins = options.allowed_origins;
  server.http.allowed_hosts = options.allowed_hosts;
  server.limits.max_connections = options.max_connections;
  server.connection.max_message_bytes = options.max_message_bytes;
  if (options.compress) server.connection.compression.use = CompressionOptions::Use::kOn;
  // Room for a message in both directions.
  server.sending.max_queue_bytes = 2 * options.max_message_bytes + (1 << 20);
  if (output.access) {
    server.hooks.access_log = [access = output.access](absl::string_view line) {
      access(absl::StrCat(
          absl::FormatTime("%Y-%m-%d%ET%H:%M:%S%Ez", absl::Now(), absl::LocalTimeZone()), " ",
          line));
    };
    server.hooks.access_log_rate = {};  // the operator reads each line
  }
  // The end of each session, which is kInfo, has that line.
  server.hooks.min_log_level = LogLevel::kWarning;
  server.hooks.log = [complain = output.complain](LogLevel, absl::string_view text) {
    complain(text);
  };
  return server;
}

}  // namespace weft::cli
