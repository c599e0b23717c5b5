#include "tools/weft/check/checker.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "tools/weft/check/server_certificate.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/format.h"
#include "tools/weft/hints.h"
#include "weft/client/connecting/dialogue.h"
#include "weft/client/connecting/proxy.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/quote.h"
#include "weft/core/http/url.h"
#include "weft/transport/connect.h"
#include "weft/transport/resolve.h"
#include "weft/transport/wait.h"

namespace weft::cli {
namespace {

using Mark = Report::Mark;

// For each address, so that one that does not answer does not use up the time.
constexpr absl::Duration kAddressTimeout = absl::Seconds(5);

// Time to renew a certificate.
constexpr int kFewDays = 14;

absl::string_view FirstLine(absl::string_view head) { return head.substr(0, head.find("\r\n")); }

}  // namespace

Checker::Checker(const CheckOptions& options, Report& report)
    : options_(options), report_(report) {}

void Checker::Begin(absl::string_view step) {
  if (step_ == step) return;
  step_ = std::string(step);
  begun_ = SteadyNow();
}

absl::Duration Checker::Elapsed() const { return SteadyNow() - begun_; }

int Checker::Run() {
  absl::StatusOr<ClientOptions> client = ToClientOptions(options_);
  if (!client.ok()) {
    report_.Line(Mark::kFail, "options", client.status().message());
    return kWrongUsage;
  }
  client_ = *std::move(client);
  client_.connection.compression.use = CompressionOptions::Use::kOn;
  client_.connection.max_message_bytes = 64 << 20;
  client_.hooks.on_head = [this](HttpHead which, absl::string_view head) {
    if (which == HttpHead::kResponse) response_ = std::string(head);
  };
  Opening opening(options_.url, client_);
  while (true) {
    switch (opening.wants()) {
      case Opening::Wants::kAddresses:
        FindAddresses(opening);
        break;
      case Opening::Wants::kConnection:
        Connect(opening);
        break;
      case Opening::Wants::kTls:
        StartTls(opening);
        break;
      case Opening::Wants::kWrite:
        Begin("upgrade");
        Write(opening, stream_);
        break;
      case Opening::Wants::kRead:
        Read(opening, stream_);
        break;
      case Opening::Wants::kOpen:
        return Talk(opening.TakeResult());
      case Opening::Wants::kFailed:
        return Failed(opening.status());
    }
  }
}

// ---- The opening ----

void Checker::FindAddresses(Opening& opening) {
  if (!response_.empty()) {
    report_.Line(Mark::kNote, "redirect", FirstLine(response_), Elapsed());
    response_.clear();
  }
  Begin("name");
  absl::StatusOr<std::vector<SocketAddress>> addresses =
      Resolve(opening.host(), opening.port(), StepDeadline());
  if (addresses.ok()) {
    const std::string list =
        absl::StrJoin(*addresses, ", ", [](std::string* text, const SocketAddress& address) {
          absl::StrAppend(text, address.ip());
        });
    report_.Line(Mark::kOk, "name",
                 absl::StrCat(opening.route().proxy.has_value() ? "the proxy " : "", opening.host(),
                              " is ", list),
                 Elapsed());
  }
  opening.Resolved(std::move(addresses));
}

// Tries every address, since other clients may begin with another.
void Checker::Connect(Opening& opening) {
  stream_.Close();
  step_.clear();
  absl::Status failure = absl::UnavailableError("there is no address");
  for (const SocketAddress& address : opening.addresses()) {
    step_.clear();
    Begin("connection");
    absl::StatusOr<Stream> stream =
        ConnectTo({address}, Deadline::After(std::min(options_.timeout, kAddressTimeout)));
    if (stream.ok()) {
      report_.Line(Mark::kOk, step_, address.ToString(), Elapsed());
      if (!stream_.is_open()) {
        stream_ = *std::move(stream);
        address_ = address;
      }
    } else {
      failure = stream.status();
      if (opening.addresses().size() == 1) break;  // which is then the error
      report_.Line(Mark::kNote, step_, failure.message(), Elapsed());
      if (&address == &opening.addresses().front()) {
        report_.Advice("Clients that try this address first lose time.");
      }
    }
  }
  stream_.is_open() ? opening.Connected() : opening.Failed(failure);
}

void Checker::StartTls(Opening& opening) {
  const Opening::Tls& tls = opening.tls();
  const std::optional<Proxy>& proxy = opening.route().proxy;
  if (!proxy.has_value() || !proxy->tls) ShowCertificate(opening.route(), tls.host);
  step_.clear();
  Begin("TLS");
  const absl::Status started =
      stream_.is_tls() ? stream_.StartInnerTlsClient(*tls.context, tls.host, tls.identity)
                       : stream_.StartTlsClient(*tls.context, tls.host, tls.identity);
  if (!started.ok()) return opening.Failed(started);
  const Deadline deadline = StepDeadline();
  while (true) {
    const IoResult result = stream_.Handshake();
    if (result.ok()) {
      report_.Line(Mark::kOk, step_,
                   options_.tls.dangerously_accept_any_certificate
                       ? "the certificate was not checked (--insecure)"
                       : absl::StrCat("the certificate is trusted, and for ", tls.host),
                   Elapsed());
      return opening.TlsStarted();
    }
    if (!Passed(opening, stream_, result, deadline)) return;
  }
}

// A connection of its own that is ready for the TLS with the server.
absl::StatusOr<Stream> Checker::ReachServer(const Route& route, Deadline deadline) const {
  absl::StatusOr<Stream> stream = ConnectTo({address_}, deadline);
  if (!route.proxy.has_value() || !stream.ok()) return stream;
  ClientOptions client = client_;
  client.hooks = {};       // the report has the heads of our own connection only
  client.connect_to = {};  // the route has it
  Opening opening(UrlText(route.server), client);
  while (opening.wants() != Opening::Wants::kTls) {
    switch (opening.wants()) {
      case Opening::Wants::kAddresses:
        opening.Resolved(std::vector<SocketAddress>{address_});
        break;
      case Opening::Wants::kConnection:
        opening.Connected();
        break;
      case Opening::Wants::kWrite:
        Write(opening, *stream);
        break;
      case Opening::Wants::kRead:
        Read(opening, *stream);
        break;
      default:
        return opening.status();
    }
  }
  return stream;
}

// On a connection of its own, because the handshake of ours ends where one is not trusted.
void Checker::ShowCertificate(const Route& route, const std::string& host) {
  step_.clear();
  Begin("certificate");
  const Deadline deadline = StepDeadline();
  const absl::StatusOr<Stream> stream = ReachServer(route, deadline);
  if (!stream.ok()) return;
  const absl::StatusOr<ShownTls> shown = InspectTls(stream->fd(), host, deadline);
  if (!shown.ok() || shown->chain.empty()) return;  // the handshake of ours says why
  for (const ShownCertificate& certificate : shown->chain) {
    const bool own = &certificate == &shown->chain.front();
    const int days = certificate.days_left;
    const std::string hosts =
        own && !certificate.hosts.empty() ? absl::StrCat(" for ", certificate.hosts, ",") : "";
    const Mark expired =
        options_.tls.dangerously_accept_any_certificate ? Mark::kNote : Mark::kFail;
    report_.Line(days < 0          ? expired
                 : days < kFewDays ? Mark::kNote
                                   : Mark::kOk,
                 own ? "certificate" : "  its issuer",
                 absl::StrCat(certificate.subject, hosts, " issued by ", certificate.issuer, ", ",
                              DescribeExpiry(days), " (", certificate.not_after, ")"));
    if (days >= 0 && days < kFewDays) report_.Advice("Renew it soon.");
  }
  report_.Line(Mark::kOk, "encryption", absl::StrCat(shown->version, ", ", shown->cipher),
               Elapsed());
}

void Checker::Write(Opening& opening, Stream& stream) const {
  const IoResult result = stream.Write(opening.output());
  if (result.ok()) return opening.Wrote(result.bytes);
  Passed(opening, stream, result, StepDeadline());
}

void Checker::Read(Opening& opening, Stream& stream) const {
  char buffer[kMaxReadBytes];
  const IoResult result =
      stream.Read(absl::MakeSpan(buffer, std::min(opening.max_read_bytes(), sizeof(buffer))));
  if (result.ok()) return opening.Read(absl::string_view(buffer, result.bytes));
  const absl::Duration patience = std::min(opening.read_timeout(), options_.timeout);
  Passed(opening, stream, result, Deadline::After(patience - Elapsed()));
}

// Waits for the socket if that is all; otherwise passes the error on, and returns false.
bool Checker::Passed(Opening& opening, const Stream& stream, const IoResult& result,
                     Deadline deadline) {
  absl::Status status;
  if (result.status == IoStatus::kWouldBlock) {
    status = Wait(stream.fd(), result.wanted, deadline);
  } else if (result.status == IoStatus::kEof) {
    status = absl::UnavailableError("the peer closed the connection");
  } else {
    status = stream.Error(result);
  }
  if (!status.ok()) opening.Failed(status);
  return status.ok();
}

int Checker::Failed(const absl::Status& error) {
  const std::optional<HttpRefusal> refusal = RefusalOf(error);
  absl::string_view text = error.message();
  absl::ConsumePrefix(&text, absl::StrCat(options_.url, ": "));
  report_.Line(Mark::kFail, step_.empty() ? "request" : step_, text, Elapsed());
  for (const std::string& hint : Hints(options_.url, options_.origin, error)) {
    report_.Advice(hint);
  }
  for (const std::string& trace : TracesOf(response_)) report_.Line(Mark::kNote, "seen", trace);
  return refusal.has_value() ? kRefused : kCannotConnect;
}

// ---- The open WebSocket ----

int Checker::Talk(Upgraded upgraded) {
  ShowResponse(upgraded);
  Connection connection(Role::kClient, client_.connection);
  if (upgraded.deflate.has_value()) connection.UseDeflate(*upgraded.deflate, client_.connection);
  std::string early = std::move(upgraded.early);
  if (!early.empty()) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(&early[0], early.size()));
    std::copy_n(early.data(), std::min(early.size(), into.size()), into.data());
    connection.DidRead(early.size());
    connection.KeepInput();
  }
  for (int i = 1; i <= options_.pings; ++i) {
    if (!Ping(connection, i)) return kClosedOtherwise;
  }
  const bool closed = Close(connection);
  if (messages_ > 0) {
    report_.Line(Mark::kNote, "messages", absl::StrCat(messages_, " arrived meanwhile"));
  }
  return closed ? kOrderly : kClosedOtherwise;
}

void Checker::ShowResponse(const Upgraded& upgraded) {
  report_.Line(Mark::kOk, "upgrade", FirstLine(response_), Elapsed());
  for (const std::string& trace : TracesOf(response_)) {
    report_.Line(Mark::kNote, "seen", trace);
    if (absl::StartsWithIgnoreCase(trace, "via:")) {
      report_.Advice("A proxy has passed this response on: its idle timeout applies as well.");
    }
  }
  if (!upgraded.subprotocol.empty()) {
    report_.Line(Mark::kOk, "subprotocol", upgraded.subprotocol);
  } else if (!options_.subprotocols.empty()) {
    report_.Line(
        Mark::kNote, "subprotocol",
        absl::StrCat("none of ", absl::StrJoin(options_.subprotocols, ", "), " was chosen"));
    report_.Advice("Browsers give up such a connection.");
  }
  if (upgraded.deflate.has_value()) {
    const DeflateAgreement& agreed = *upgraded.deflate;
    report_.Line(Mark::kOk, "compression",
                 absl::StrCat("permessage-deflate, windows of ", agreed.send_window_bits, " and ",
                              agreed.receive_window_bits, " bits"));
  } else {
    report_.Line(Mark::kNote, "compression",
                 "none: the server does not support it, or a proxy has removed the offer");
  }
}

bool Checker::Ping(Connection& connection, int number) {
  step_.clear();
  Begin("ping");
  const std::string payload = absl::StrCat("weft check ", number);
  connection.SendPing(payload).IgnoreError();  // Next() returns the reason
  const Deadline deadline = StepDeadline();
  while (true) {
    const absl::StatusOr<Event> event = Next(connection, deadline);
    if (!event.ok()) {
      report_.Line(Mark::kFail, step_, event.status().message(), Elapsed());
      if (absl::IsDeadlineExceeded(event.status())) {
        report_.Advice("RFC 6455 requires a pong; a proxy may hold frames back.");
      }
      return false;
    }
    if (event->type == Event::Type::kPong && event->payload == payload) {
      report_.Line(Mark::kOk, step_, absl::StrCat("round trip ", number), Elapsed());
      return true;
    }
    if (event->type == Event::Type::kClose) {
      report_.Line(
          Mark::kFail, step_,
          absl::StrCat("the server closed: ", DescribeClose(event->close_code, event->payload)),
          Elapsed());
      if (!connection.status().ok()) report_.Advice(connection.status().message());
      return false;
    }
  }
}

bool Checker::Close(Connection& connection) {
  step_.clear();
  Begin("close");
  connection.SendClose(CloseCode::kNormal).IgnoreError();
  const Deadline deadline = StepDeadline();
  while (true) {
    const absl::StatusOr<Event> event = Next(connection, deadline);
    if (!event.ok()) {
      report_.Line(Mark::kFail, step_, event.status().message(), Elapsed());
      return false;
    }
    if (event->type != Event::Type::kClose) continue;
    const bool answered = event->close_code != CloseCode::kAbnormal && connection.status().ok();
    report_.Line(answered ? Mark::kOk : Mark::kFail, step_,
                 answered ? DescribeClose(event->close_code, event->payload)
                          : std::string(connection.status().message()),
                 Elapsed());
    return answered;
  }
}

// The next event that is not a message. Its payload is valid until the next call.
absl::StatusOr<Event> Checker::Next(Connection& connection, Deadline deadline) {
  static char scratch[kMaxReadBytes];
  const absl::Status late = absl::DeadlineExceededError(
      absl::StrCat("no answer within ", absl::FormatDuration(options_.timeout)));
  while (true) {
    IoResult result;
    if (std::optional<Event> event = connection.NextEvent(); event.has_value()) {
      if (event->type != Event::Type::kMessage) return *std::move(event);
      ++messages_;
      continue;
    }
    if (const absl::string_view output = connection.WriteBuffer(); !output.empty()) {
      result = stream_.Write(output);
      if (result.ok()) connection.DidWrite(result.bytes);
    } else {
      result = stream_.Read(connection.ReadBuffer(absl::MakeSpan(scratch, sizeof(scratch))));
      if (result.ok()) connection.DidRead(result.bytes);
    }
    if (result.status == IoStatus::kEof) {
      connection.DidReadEof();
    } else if (result.status == IoStatus::kError) {
      return stream_.Error(result);
    } else if (result.status == IoStatus::kWouldBlock) {
      if (absl::Status status = Wait(stream_.fd(), result.wanted, deadline); !status.ok()) {
        return absl::IsDeadlineExceeded(status) ? late : status;
      }
    } else if (deadline.HasPassed()) {  // a server may always have a message ready
      return late;
    }
  }
}

}  // namespace weft::cli
