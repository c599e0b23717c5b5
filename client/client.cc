#include "weft/client/client.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "weft/client/connecting/annotate.h"
#include "weft/client/connecting/connector.h"
#include "weft/client/connecting/upgrade.h"
#include "weft/client/open.h"
#include "weft/core/event.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"

namespace weft {
namespace {

// The unused buffers that the client keeps, in bytes.
constexpr size_t kUnusedBytes = 4 << 20;

// Bytes written before other threads get a turn.
constexpr size_t kTurnBytes = 1 << 20;

// A position after everything that is queued.
constexpr uint64_t kAllQueued = std::numeric_limits<uint64_t>::max();

Deadline Earlier(Deadline a, Deadline b) { return b < a ? b : a; }

Deadline At(absl::Duration time) { return Deadline::After(time - SteadyNow()); }

ConnectionOptions WithPool(ConnectionOptions options, BufferPool* pool) {
  options.pool = pool;
  options.codecs = nullptr;  // one connection shares them with no other
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(absl::string_view url,
                                                        ClientOptions options) {
  absl::StatusOr<Notification> stop = Notification::Create();
  if (!stop.ok()) return stop.status();
  absl::StatusOr<Connector::Result> opened = Open(url, options);
  if (!opened.ok()) return opened.status();

  std::unique_ptr<Client> client(
      new Client(std::move(opened->stream), *std::move(stop), std::move(options)));
  Upgraded& upgraded = opened->upgraded;
  client->subprotocol_ = std::move(upgraded.subprotocol);
  if (upgraded.deflate.has_value()) {
    client->connection_.UseDeflate(*upgraded.deflate,
                                   WithPool(client->options_.connection, nullptr));
  }
  client->TakeInput(upgraded.early);
  Log(client->options_.hooks.log, LogLevel::kInfo,
      absl::StrCat("connected to ", url, " at ", client->peer_address_.ToString()));
  return client;
}

Client::Client(Stream stream, Notification stop, ClientOptions options)
    : options_(std::move(options)),
      local_address_(LocalAddress(stream.fd())),
      peer_address_(PeerAddress(stream.fd())),
      stop_(std::move(stop)),
      stream_(std::move(stream)),
      scratch_(std::make_unique_for_overwrite<char[]>(kScratchBytes)),
      pool_(kUnusedBytes),
      connection_(Role::kClient, WithPool(options_.connection, &pool_)),
      keepalive_(options_.timeouts.ping_interval, options_.timeouts.pong, SteadyNow()),
      released_(SteadyNow()) {}

// A thread that repeatedly releases the mutex gets it back after those that waited: they hold
// turn_, which it must acquire first.
Client::Lock Client::Enter() const {
  const std::lock_guard<std::mutex> turn(turn_);
  return Lock(mutex_);
}

void Client::LetOthersIn(Lock& lock) const {
  lock.unlock();
  lock = Enter();
}

// Waits for the socket without the lock. Afterwards the connection may have ended.
absl::Status Client::WaitOutside(Lock& lock, Interest interest, Deadline deadline) {
  lock.unlock();
  absl::Status status = Wait(stream_.fd(), interest, deadline, &stop_);
  lock = Enter();
  return end_.ok() ? status : end_;
}

// The bytes directly after the head of the server's response: the first frames.
void Client::TakeInput(absl::string_view bytes) {
  static_assert(kMaxEarlyBytes <= kScratchBytes);
  const absl::Span<char> into =
      connection_.ReadBuffer(absl::MakeSpan(scratch_.get(), kScratchBytes));
  std::copy(bytes.begin(), bytes.end(), into.begin());
  connection_.DidRead(bytes.size());
}

// ---- Sending ----

absl::Status Client::SendMessage(Opcode opcode, absl::string_view payload,
                                 const ClientSendOptions& options) {
  return Submit([&](Connection& connection) {
    return connection.SendMessage(opcode, payload, options.compress);
  });
}

absl::Status Client::Send(const Message& message, const ClientSendOptions& options) {
  if (message.first && message.last) return SendMessage(message.opcode, message.payload, options);
  return Submit([&](Connection& connection) {
    if (message.first == connection.in_fragmented_message()) {
      return absl::FailedPreconditionError(
          message.first ? "the piece begins a message: the fragments of another are not complete"
                        : "the piece continues a message, of which no fragment was sent");
    }
    return connection.SendFragment(message.opcode, message.payload, message.last, options.compress);
  });
}

absl::Status Client::Send(const EncodedMessage& message) {
  return SendMessage(message.opcode(), message.payload(), {.compress = message.compress()});
}

absl::Status Client::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                  const ClientSendOptions& options) {
  return Submit([&](Connection& connection) {
    return connection.SendFragment(opcode, payload, fin, options.compress);
  });
}

absl::Status Client::SendPing() { return SendPing(RandomKey()); }

absl::Status Client::SendPing(absl::string_view payload) {
  return Submit([this, payload](Connection&) { return QueuePing(payload); });
}

absl::Status Client::QueuePing(absl::string_view payload) {
  absl::Status status = connection_.SendPing(payload);
  if (status.ok()) round_trip_.Pinged(payload, SteadyNow());
  return status;
}

template <typename Queue>
absl::Status Client::Submit(Queue queue) {
  const Deadline deadline = Deadline::After(options_.timeouts.send);
  Lock lock = Enter();
  // At most one unfinished message: this limits the memory for a peer that does not read.
  absl::Status status = WaitWritten(lock, kAllQueued, deadline);
  if (absl::IsDeadlineExceeded(status) && end_.ok()) {
    return absl::ResourceExhaustedError(
        absl::StrCat(peer_address_.ToString(), " does not read: ", connection_.queued_bytes(),
                     " bytes of earlier messages are still queued"));
  }
  if (!status.ok()) return status;
  if (!connection_.open() && !closed_here_) {
    return absl::UnavailableError(absl::StrCat(peer_address_.ToString(), " ends the connection"));
  }
  if (status = queue(connection_); !status.ok()) return status;
  status = WaitWritten(lock, written_ + connection_.queued_bytes(), deadline);
  if (absl::IsDeadlineExceeded(status) && end_.ok()) {
    return absl::DeadlineExceededError(absl::StrCat(peer_address_.ToString(), " did not read for ",
                                                    absl::FormatDuration(options_.timeouts.send),
                                                    ": ", connection_.queued_bytes(),
                                                    " bytes are still queued"));
  }
  return status;
}

// Writes as much as the socket accepts, up to one turn's limit.
void Client::Flush() {
  write_wanted_ = Interest::kWrite;
  for (size_t turn = 0; turn < kTurnBytes && connection_.queued_bytes() > 0;) {
    size_t size = connection_.queued_bytes();
    if (write_status_.ok()) {
      const IoResult result = stream_.Write(connection_.WriteBuffer().substr(0, kTurnBytes));
      if (result.status == IoStatus::kWouldBlock) {
        write_wanted_ = result.wanted;
        return;
      }
      if (result.ok()) {
        size = result.bytes;
      } else {
        write_status_ = Annotate(stream_.Error(result),
                                 absl::StrCat("cannot send to ", peer_address_.ToString(), ": "));
      }
    }
    // After an error the bytes are dropped, as if they were written: data that the peer sent
    // earlier, perhaps the reason, can still be received.
    connection_.DidWrite(size);
    written_ += size;
    turn += size;
  }
}

// Waits until `position` bytes were written in total, or nothing is queued.
absl::Status Client::WaitWritten(Lock& lock, uint64_t position, Deadline deadline) {
  while (true) {
    if (!end_.ok()) return end_;
    Flush();
    if (!write_status_.ok()) return write_status_;
    if (connection_.queued_bytes() == 0 || written_ >= position) return absl::OkStatus();
    absl::Status status = WaitOutside(lock, write_wanted_, deadline);
    if (!status.ok()) return status;
  }
}

// ---- Receiving ----

absl::StatusOr<Message> Client::Receive(absl::Duration timeout) {
  const Deadline deadline = Deadline::After(timeout);
  Lock lock = Enter();
  if (absl::Status status = BecomeReader(lock, deadline); !status.ok()) return status;
  message_of_ = {};
  absl::StatusOr<Message> message = ReadMessage(lock, deadline);
  if (message.ok()) message_of_ = std::this_thread::get_id();
  StopReading();
  if (absl::IsDeadlineExceeded(message.status()) && end_.ok()) {
    return absl::DeadlineExceededError(
        absl::StrCat("no message within ", absl::FormatDuration(timeout)));
  }
  return message;
}

// Waits until no other thread reads.
absl::Status Client::BecomeReader(Lock& lock, Deadline deadline) {
  const auto ready = [this] { return !reading_ || !end_.ok(); };
  if (deadline.is_never()) {
    changed_.wait(lock, ready);
  } else if (!changed_.wait_for(lock, absl::ToChronoNanoseconds(deadline.Remaining()), ready)) {
    return absl::DeadlineExceededError("another thread is receiving");
  }
  if (!end_.ok()) return end_;
  reading_ = true;
  return absl::OkStatus();
}

void Client::StopReading() {
  reading_ = false;
  changed_.notify_all();
}

// For the reading thread: the next message.
absl::StatusOr<Message> Client::ReadMessage(Lock& lock, Deadline deadline) {
  bool last_read = false;
  while (true) {
    while (std::optional<Event> event = connection_.NextEvent()) {
      if (event->type == Event::Type::kClose) return EndWithClose(lock, *event, deadline);
      if (event->type == Event::Type::kPong && round_trip_.Ponged(event->payload, SteadyNow()) &&
          options_.hooks.on_round_trip) {
        options_.hooks.on_round_trip(*round_trip_.last());
      }
      if (event->type != Event::Type::kMessage) continue;
      Flush();  // the pongs for earlier pings: the next call may come much later
      return Message(*event);
    }
    if (last_read) return absl::DeadlineExceededError("deadline exceeded");
    // otherwise a peer that sends only pings could block us forever
    last_read = deadline.HasPassed();
    if (absl::Status status = Read(lock, deadline); !status.ok()) return status;
  }
}

// For the reading thread: reads once, or waits until another attempt is worthwhile.
absl::Status Client::Read(Lock& lock, Deadline deadline) {
  Flush();
  const absl::Span<char> into =
      connection_.ReadBuffer(absl::MakeSpan(scratch_.get(), kScratchBytes));
  const IoResult result = stream_.Read(into);
  switch (result.status) {
    case IoStatus::kOk:
      keepalive_.Heard(SteadyNow());
      connection_.DidRead(result.bytes);
      LetOthersIn(lock);  // there can always be more to read
      break;
    case IoStatus::kWouldBlock:
      return WaitForInput(lock, result.wanted, deadline);
    case IoStatus::kEof:
      connection_.DidReadEof();
      break;
    case IoStatus::kError:
      return End(CannotReceive(result));
  }
  return end_;
}

absl::Status Client::WaitForInput(Lock& lock, Interest wanted, Deadline deadline) {
  Deadline wake = deadline;
  if (connection_.open()) {  // once closing, timeouts.close is the limit
    ReleaseIdle();
    switch (keepalive_.Check(SteadyNow())) {
      case Keepalive::Verdict::kGone:
        Blame(ClosedBy::kTimeout, "timeouts.pong");
        return End(absl::UnavailableError(
            absl::StrCat(peer_address_.ToString(), " is gone: nothing was received for ",
                         absl::FormatDuration(options_.timeouts.pong), " after a ping")));
      case Keepalive::Verdict::kPing:
        QueuePing(RandomKey()).IgnoreError();  // cannot fail: the connection is open
        Flush();
        break;
      case Keepalive::Verdict::kWait:
        break;
    }
    wake = Earlier(deadline, At(keepalive_.due()));
  }
  if (connection_.queued_bytes() > 0 && write_wanted_ != wanted) wanted = Interest::kReadWrite;
  absl::Status status = WaitOutside(lock, wanted, wake);
  if (!end_.ok()) return end_;
  const bool keepalive_is_due = absl::IsDeadlineExceeded(status) && !deadline.HasPassed();
  return keepalive_is_due ? absl::OkStatus() : status;
}

// ---- Ending ----

absl::Status Client::SendClose(CloseCode code, absl::string_view reason) {
  return Submit([=, this](Connection&) { return QueueClose(code, reason); });
}

absl::Status Client::QueueClose(CloseCode code, absl::string_view reason) {
  absl::Status status = connection_.SendClose(code, reason);
  if (status.ok()) {
    closed_here_ = true;
    Blame(ClosedBy::kApplication);
    close_deadline_ = Deadline::After(options_.timeouts.close);
  }
  return status;
}

absl::Status Client::Close(CloseCode code, absl::string_view reason) {
  Lock lock = Enter();
  if (end_.ok() && connection_.open()) {
    if (absl::Status status = QueueClose(code, reason); !status.ok()) return status;
  }
  if (end_.ok()) AwaitClose(lock);
  return closed_cleanly_ ? absl::OkStatus() : end_;
}

// The second half of the closing handshake. When it returns, the connection has ended.
void Client::AwaitClose(Lock& lock) {
  // The reading thread may be waiting only for input.
  if (reading_) WaitWritten(lock, kAllQueued, close_deadline_).IgnoreError();
  absl::Status status = BecomeReader(lock, close_deadline_);
  if (status.ok()) {
    const bool mine = message_of_ == std::this_thread::get_id();
    if (!mine && message_of_ != std::thread::id()) LeaveMessage();
    status = DropMessages(lock, close_deadline_);
    StopReading();
  }
  if (!end_.ok()) return;
  if (closed_cleanly_) {  // the answer was read, but the end of the stream has not come in time
    status = ClosedHere();
  } else if (absl::IsDeadlineExceeded(status)) {
    status = absl::DeadlineExceededError(
        absl::StrCat(peer_address_.ToString(), " did not answer the Close frame within ",
                     absl::FormatDuration(options_.timeouts.close)));
  }
  End(std::move(status)).IgnoreError();
}

// For the reading thread: leaves the last message's memory to the thread that holds it, and from
// now on reads into other memory.
void Client::LeaveMessage() {
  left_payload_ = connection_.TakePayload();
  left_scratch_ = std::exchange(scratch_, std::make_unique_for_overwrite<char[]>(kScratchBytes));
}

// For the reading thread: reads and drops messages until the connection ends.
absl::Status Client::DropMessages(Lock& lock, Deadline deadline) {
  while (!deadline.HasPassed()) {  // a peer can have a message ready for every read
    absl::Status status = ReadMessage(lock, deadline).status();
    if (!status.ok()) return status;
  }
  return absl::DeadlineExceededError("deadline exceeded");
}

// For the reading thread: reads and ignores input until the end of the stream, while queued output
// is written.
absl::Status Client::DrainStream(Lock& lock, Deadline deadline) {
  char dropped[4096];
  while (true) {
    Flush();
    const IoResult result = stream_.Read(absl::MakeSpan(dropped));
    if (result.status == IoStatus::kEof) return absl::OkStatus();
    if (result.status == IoStatus::kError) return CannotReceive(result);
    if (deadline.HasPassed()) return absl::DeadlineExceededError("deadline exceeded");
    if (result.ok()) {
      LetOthersIn(lock);
      if (!end_.ok()) return end_;
    } else if (absl::Status status = WaitForInput(lock, result.wanted, deadline); !status.ok()) {
      return status;
    }
  }
}

absl::Status Client::CannotReceive(const IoResult& result) const {
  return Annotate(stream_.Error(result),
                  absl::StrCat("cannot receive from ", peer_address_.ToString(), ": "));
}

// The connection's last event: the peer's Close frame or its equivalent.
absl::Status Client::EndWithClose(Lock& lock, const Event& close, Deadline deadline) {
  close_reason_ = std::string(close.payload);
  close_info_.code = close.close_code;
  close_info_.reason = close_reason_;
  closed_cleanly_ = connection_.status().ok();
  switch (connection_.status().code()) {
    case absl::StatusCode::kOk:
      Blame(ClosedBy::kPeer);
      break;
    case absl::StatusCode::kInvalidArgument:
      Blame(ClosedBy::kRule);
      break;
    case absl::StatusCode::kResourceExhausted:
      Blame(ClosedBy::kLimit, close.close_code == CloseCode::kMessageTooBig
                                  ? "connection.max_message_bytes"
                                  : "connection.max_fragments");
      break;
    default:
      Blame(ClosedBy::kLost);
  }
  deadline =
      Earlier(deadline, closed_here_ ? close_deadline_ : Deadline::After(options_.timeouts.close));
  // Our answer is sent before the end is announced, which stops all calls.
  WaitWritten(lock, kAllQueued, deadline).IgnoreError();
  // The server closes first (section 7.1.1), so that it, not the client, keeps the connection in
  // TIME_WAIT.
  if (closed_here_ && closed_cleanly_) DrainStream(lock, deadline).IgnoreError();

  if (!end_.ok()) return end_;
  if (!closed_cleanly_) return End(connection_.status());
  if (closed_here_) return End(ClosedHere());
  return End(absl::UnavailableError(
      absl::StrCat(peer_address_.ToString(), " closed the connection: ", CloseText())));
}

absl::Status Client::ClosedHere() const {
  return absl::FailedPreconditionError(
      absl::StrCat("the connection was closed here: ", CloseText()));
}

// 1001 going away ("restart")
std::string Client::CloseText() const {
  const CloseCode code = close_info_.code;
  std::string text = absl::StrCat(static_cast<int>(code), " ", CloseCodeName(code));
  if (!close_reason_.empty()) absl::StrAppend(&text, " (", Quote(close_reason_), ")");
  return text;
}

void Client::Cancel() {
  const Lock lock = Enter();
  if (absl::IsCancelled(end_)) return;
  closed_cleanly_ = false;
  Blame(ClosedBy::kApplication);
  End(absl::CancelledError("the client was cancelled")).IgnoreError();
}

// At the pace of the pings, whether or not there are any: a client that always receives sends none.
void Client::ReleaseIdle() {
  const absl::Duration now = SteadyNow();
  if (now - released_ < options_.timeouts.ping_interval) return;
  released_ = now;
  connection_.ReleaseIdle();
}

// The first cause of the end counts.
void Client::Blame(ClosedBy by, absl::string_view option) {
  if (std::exchange(blamed_, true)) return;
  close_info_.by = by;
  close_info_.option = option;
}

// From now on every call returns `status`, and so does this one.
absl::Status Client::End(absl::Status status) {
  Blame(ClosedBy::kLost);  // unless there is a better cause
  end_ = std::move(status);
  stop_.Notify();
  changed_.notify_all();
  // After a closing handshake the server ends the stream first (section 7.1.1). Each side ends TLS
  // separately, before it closes the socket (RFC 8446, section 6.1).
  if (!closed_cleanly_ || stream_.is_tls()) stream_.ShutdownWrite();
  Log(options_.hooks.log, LogLevel::kInfo, end_.message());
  return end_;
}

}  // namespace weft
