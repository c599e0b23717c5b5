#include "weft/cluster/redis/connection.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "weft/cluster/redis/redis_error.h"
#include "weft/cluster/redis/topic_script.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"
#include "weft/transport/io.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

// Small, because hiredis moves the rest of its buffer after each kilobyte of replies.
constexpr size_t kReadBytes = size_t{16} << 10;

// Read in one turn, so that the other connection gets its turn too.
constexpr size_t kMaxReadBytesPerTurn = size_t{512} << 10;

// TLS may encrypt all that it is given before it sends a byte.
constexpr size_t kTlsWriteBytes = size_t{16} << 10;

// Kept for the next commands when all are written.
constexpr size_t kMaxIdleBytes = size_t{1} << 20;

constexpr size_t kMaxPasswordBytes = 4096;

absl::StatusOr<std::string> ReadPassword(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read the password file ", file));
  std::string password(kMaxPasswordBytes + 1, '\0');
  in.read(password.data(), static_cast<std::streamsize>(password.size()));
  password.resize(static_cast<size_t>(in.gcount()));
  if (password.size() > kMaxPasswordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the password file ", file, " has more than ", kMaxPasswordBytes, " bytes"));
  }
  while (absl::EndsWith(password, "\n") || absl::EndsWith(password, "\r")) password.pop_back();
  if (password.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the password file ", file, " is empty"));
  }
  return password;
}

// The value of a line "name:value" of INFO; empty if there is none.
absl::string_view InfoField(absl::string_view info, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(info, "\r\n")) {
    if (absl::ConsumePrefix(&line, name) && absl::ConsumePrefix(&line, ":")) return line;
  }
  return "";
}

// A Redis that cannot save its data refuses PING as it refuses writes, and serves everything else.
bool IsPong(const RespValue& reply) {
  return !reply.is_error() || IsRedisError(reply.text, "MISCONF");
}

uint8_t Bits(Interest interest) { return static_cast<uint8_t>(interest); }

}  // namespace

RedisConnection::RedisConnection(EventLoop& loop, AddressLookup& lookup,
                                 const RedisOptions& options, RedisCounters& counters,
                                 RedisAddress address, Kind kind, Owner& owner)
    : loop_(loop),
      options_(options),
      counters_(counters),
      address_(std::move(address)),
      kind_(kind),
      owner_(owner),
      lookup_(lookup) {}

void RedisConnection::Open() {
  connect_deadline_ms_ = EventLoop::DeadlineAfter(options_.timeouts.connect, loop_.now_ms());
  ArmTimer();
  std::shared_ptr<TlsContext> tls;
  if (address_.tls) {
    absl::StatusOr<std::shared_ptr<TlsContext>> context = options_.tls == TlsClientOptions()
                                                              ? TlsContext::SystemClient()
                                                              : TlsContext::ForClient(options_.tls);
    if (!context.ok()) return Close(context.status());
    tls = *std::move(context);
  }
  dialer_ = std::make_unique<LoopDialer<RedisDialer>>(
      loop_, lookup_, /*timeout=*/absl::InfiniteDuration(),  // ours is for the login as well
      [this](absl::StatusOr<Stream> stream) { Connected(std::move(stream)); }, address_.host,
      address_.port, std::move(tls));
  dialer_->Start();
}

void RedisConnection::Close(const absl::Status& reason) {
  if (std::exchange(closed_, true)) return;
  if (dialer_ != nullptr) dialer_->Stop(reason);
  loop_.DisarmTimer(this);
  if (std::exchange(watched_, 0) != 0) loop_.Unwatch(stream_.fd());
  stream_.Close();
  owner_.OnClosed(*this, Named(reason));
  const size_t told = std::exchange(overdue_, 0) + std::exchange(unsent_, 0);
  std::deque<Pending> pending = std::exchange(pending_, {});
  for (size_t i = told; i < pending.size(); ++i) {
    pending[i].done(
        pending[i].begin < attempted_
            ? Named(absl::DeadlineExceededError(absl::StrCat(
                  "the connection was lost before the answer (", reason.message(), ")")))
            : Named(absl::UnavailableError(
                  absl::StrCat("the connection was lost (", reason.message(), ")"))));
  }
}

absl::Status RedisConnection::Named(const absl::Status& status) const {
  return absl::Status(status.code(), absl::StrCat(kind_ == Kind::kSentinel ? "Sentinel " : "Redis ",
                                                  address_.HostPort(), ": ", status.message()));
}

// ---- Login ----

void RedisConnection::Connected(absl::StatusOr<Stream> stream) {
  if (closed_) return;
  if (!stream.ok()) return Close(stream.status());
  stream_ = *std::move(stream);
  last_input_ms_ = loop_.now_ms();
  if (absl::Status status = LogIn(); !status.ok()) return Close(status);
  UpdateWatch();
  if (!closed_) Write();
}

// All commands in one flight.
absl::Status RedisConnection::LogIn() {
  const bool sentinel = kind_ == Kind::kSentinel;
  const std::string& file = sentinel ? options_.sentinel_password_file : options_.password_file;
  std::string password;
  std::vector<absl::string_view> hello = {"HELLO", "2"};
  if (!file.empty()) {
    absl::StatusOr<std::string> read = ReadPassword(file);
    if (!read.ok()) return read.status();
    password = *std::move(read);
    const absl::string_view user = sentinel ? absl::string_view() : address_.user;
    hello.insert(hello.end(), {"AUTH", user.empty() ? "default" : user, password});
  }
  hello.insert(hello.end(), {"SETNAME", "weft"});
  const auto expect_ok = [](const RespValue&) { return absl::OkStatus(); };
  ExpectInLogin(expect_ok);
  AppendCommand(hello, &out_);
  if (sentinel) return absl::OkStatus();
  if (address_.database != 0) {
    ExpectInLogin(expect_ok);
    AppendCommand({"SELECT", absl::StrCat(address_.database)}, &out_);
  }
  ExpectInLogin([this](const RespValue& reply) { return TakeServer(reply); });
  AppendCommand({"INFO", "server"}, &out_);
  ExpectInLogin([this](const RespValue& reply) { return TakeReplication(reply); });
  AppendCommand({"INFO", "replication"}, &out_);
  if (kind_ == Kind::kCommands) {
    const auto load = [this](absl::string_view script, std::string* sha) {
      ExpectInLogin([sha](const RespValue& reply) {
        *sha = reply.text;
        return absl::OkStatus();
      });
      AppendCommand({"SCRIPT", "LOAD", script}, &out_);
    };
    load(kTopicScript, &script_sha_);
    load(PeekScript(), &peek_sha_);
    ExpectInLogin([this](const RespValue& reply) {
      TakeMemory(reply);
      return absl::OkStatus();
    });
    AppendCommand({"INFO", "memory"}, &out_);
  }
  return absl::OkStatus();
}

void RedisConnection::ExpectInLogin(absl::AnyInvocable<absl::Status(const RespValue&)> take) {
  ++login_left_;
  Command([this, take = std::move(take)](absl::StatusOr<RespValue*> reply) mutable {
    if (closed_ || !reply.ok()) return;
    const absl::Status status = (*reply)->is_error() ? RedisError((*reply)->text) : take(**reply);
    if (!status.ok()) return Close(status);
    if (--login_left_ == 0) LoggedIn();
  });
}

absl::Status RedisConnection::TakeServer(const RespValue& info) {
  run_id_ = std::string(InfoField(info.text, "run_id"));
  if (!run_id_.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError("INFO has no run_id: it is not a Redis");
}

// A process that was a replica meanwhile has the run_id of before, but not the master_replid.
std::string RedisConnection::HistoryId(absl::string_view replid) const {
  constexpr size_t kDigits =
      20;  // of 40 each: Redis stores a hash with longer fields in more memory
  return absl::StrCat(absl::string_view(run_id_).substr(0, kDigits), replid.substr(0, kDigits));
}

absl::Status RedisConnection::TakeReplication(const RespValue& info) {
  history_id_ = HistoryId(InfoField(info.text, "master_replid"));
  return CheckReplication(info);
}

// INFO says it to users who must not ask CONFIG.
void RedisConnection::TakeMemory(const RespValue& info) const {
  const absl::string_view policy = InfoField(info.text, "maxmemory_policy");
  const absl::string_view limit = InfoField(info.text, "maxmemory");
  if (policy.empty() || policy == "noeviction" || limit.empty() || limit == "0") return;
  Log(options_.log, LogLevel::kWarning,
      absl::StrCat("Redis ", address_.HostPort(), ": its maxmemory-policy is ", Quote(policy),
                   ": when its ", limit,
                   " bytes are full, histories of topics may be deleted, and their sessions get a "
                   "gap; expected \"noeviction\""));
}

absl::Status RedisConnection::CheckReplication(const RespValue& info) const {
  const absl::string_view role = InfoField(info.text, "role");
  if (role == "master") {
    if (HistoryId(InfoField(info.text, "master_replid")) == history_id_) return absl::OkStatus();
    return absl::FailedPreconditionError("its replication has started again");
  }
  return absl::FailedPreconditionError(
      absl::StrCat("it is not a master, but has the role ", Quote(role), " (its master is ",
                   Quote(InfoField(info.text, "master_host")), ")"));
}

void RedisConnection::LoggedIn() {
  open_ = true;
  ArmTimer();
  owner_.OnOpen(*this);
}

// ---- Input ----

void RedisConnection::OnReadable() {
  if (closed_) return;
  if (reading_) Read();
  if (!closed_ && (write_interest_ & Bits(Interest::kRead)) != 0) Write();
}

void RedisConnection::OnWritable() {
  if (closed_) return;
  if (write_interest_ != 0) Write();
  if (!closed_ && reading_ && (read_interest_ & Bits(Interest::kWrite)) != 0) Read();
}

void RedisConnection::Read() {
  std::array<char, kReadBytes> buffer;
  size_t left = kMaxReadBytesPerTurn;
  read_interest_ = Bits(Interest::kRead);
  while (reading_ && !closed_) {
    if (left < kReadBytes) {
      resume_ = true;
      loop_.mailbox()->Post([] {});  // the next turn comes at once
      return;
    }
    const IoResult result = stream_.Read(absl::MakeSpan(buffer));
    switch (result.status) {
      case IoStatus::kOk:
        break;
      case IoStatus::kWouldBlock:
        read_interest_ = Bits(result.wanted);
        return UpdateWatch();
      case IoStatus::kEof:
        return Close(absl::UnavailableError("it closed the connection"));
      case IoStatus::kError:
        return Close(stream_.Error(result));
    }
    counters_.received_bytes += result.bytes;
    left -= std::min(left, std::max(result.bytes, kReadBytes / 16));
    last_input_ms_ = loop_.now_ms();
    reader_.Feed(absl::string_view(buffer.data(), result.bytes));
    if (!TakeReplies()) return;
    // A plain socket that gave less has no more, and another read would be in vain.
    if (!stream_.is_tls() && result.bytes < buffer.size()) return;
  }
}

// False if no more may be read now.
bool RedisConnection::TakeReplies() {
  while (reading_ && !closed_) {
    const absl::StatusOr<RespValue*> reply = reader_.Next();
    if (!reply.ok()) {
      Close(reply.status());
    } else if (*reply != nullptr) {
      Take(**reply);
    } else {
      return true;
    }
  }
  return false;
}

void RedisConnection::Take(RespValue& reply) {
  if (kind_ == Kind::kSubscriber && open_) {
    const bool is_text = !reply.elements.empty() && reply.elements[0].IsText("pong");
    if (is_text || (pinged_ && reply.is_error() && IsPong(reply))) {
      pinged_ = false;
      return;
    }
    if (reply.is_error()) return Close(RedisError(reply.text));
    return owner_.OnPush(*this, reply);
  }
  if (pending_.empty() || pending_.front().begin >= attempted_) {
    return Close(absl::InternalError("it sent an answer to no command"));
  }
  Done done = std::move(pending_.front().done);
  pending_.pop_front();
  if (overdue_ > 0) {
    --overdue_;
  } else {
    done(&reply);
  }
}

void RedisConnection::SetReading(bool reading) {
  if (closed_ || std::exchange(reading_, reading) == reading) return;
  if (reading) {
    last_input_ms_ = loop_.now_ms();
    resume_ = true;
    loop_.mailbox()->Post([] {});
  }
  if (stream_.is_open()) UpdateWatch();
}

// ---- Output ----

std::string* RedisConnection::Command(Done done) {
  pending_.push_back(
      {.done = std::move(done),
       .queued_ms = loop_.now_ms(),
       .deadline_ms = open_ ? EventLoop::DeadlineAfter(options_.timeouts.call, loop_.now_ms())
                            : EventLoop::kNever,  // the login as a whole has one
       .begin = out_begin_ + out_.size()});
  return &out_;
}

void RedisConnection::EndOfTurn() {
  if (closed_ || !stream_.is_open()) return;
  if (reading_ && std::exchange(resume_, false) && TakeReplies()) Read();
  if (!closed_ && write_interest_ == 0) Write();
  if (!closed_) ArmTimer();
}

void RedisConnection::Write() {
  write_interest_ = 0;
  ForgetUnsent();
  while (written_ < out_.size()) {
    absl::string_view data = absl::string_view(out_).substr(written_);
    if (stream_.is_tls()) {
      data = data.substr(0, kTlsWriteBytes);
      attempted_ = std::max(attempted_, out_begin_ + written_ + data.size());
    }
    const IoResult result = stream_.Write(data);
    if (result.status == IoStatus::kWouldBlock) {
      write_interest_ = Bits(result.wanted);
      break;
    }
    if (!result.ok()) return Close(stream_.Error(result));
    counters_.sent_bytes += result.bytes;
    written_ += result.bytes;
    attempted_ = std::max(attempted_, out_begin_ + written_);
  }
  // Written bytes are forgotten, but not after each small write of a long queue.
  if (written_ == out_.size() || written_ > out_.size() / 2) {
    out_begin_ += written_;
    out_.erase(0, std::exchange(written_, 0));
    if (out_.empty() && out_.capacity() > kMaxIdleBytes) out_.shrink_to_fit();
  }
  UpdateWatch();
}

// A descriptor that is not to be read nor written is not watched at all: an error on it would be
// reported again and again.
void RedisConnection::UpdateWatch() {
  const auto wanted =
      static_cast<uint8_t>((reading_ ? read_interest_ : uint8_t{0}) | write_interest_);
  const uint8_t watched = std::exchange(watched_, wanted);
  if (wanted == watched) return;
  if (wanted == 0) return loop_.Unwatch(stream_.fd());
  if (watched != 0) return loop_.Modify(stream_.fd(), wanted);
  if (!loop_.Watch(stream_.fd(), wanted, this)) {
    watched_ = 0;
    Close(absl::ErrnoToStatus(errno, "cannot watch the socket"));
  }
}

// ---- Time ----

void RedisConnection::ArmTimer() {
  int64_t at = EventLoop::kNever;
  if (!open_) at = connect_deadline_ms_;
  if (const size_t next = overdue_ + unsent_; next < pending_.size()) {
    at = std::min(at, pending_[next].deadline_ms);
  }
  if (open_ && reading_) {
    const absl::Duration wait =
        owes_answer() ? options_.timeouts.answer : options_.timeouts.ping_interval;
    int64_t since = last_input_ms_;
    if (!pending_.empty()) since = std::max(since, pending_.front().queued_ms);
    at = std::min(at, EventLoop::DeadlineAfter(wait, since));
  }
  loop_.ArmTimer(this, at);
}

void RedisConnection::OnTimer() {
  const int64_t now = loop_.now_ms();
  if (!open_ && now >= connect_deadline_ms_) {
    return Close(absl::DeadlineExceededError(
        absl::StrCat(stream_.is_open() ? "the login" : dialer_->steps().Step(),
                     " took longer than ", absl::FormatDuration(options_.timeouts.connect))));
  }
  FailOverdue();
  if (closed_ || !open_ || !reading_) return;
  if (!owes_answer()) {
    if (now >= EventLoop::DeadlineAfter(options_.timeouts.ping_interval, last_input_ms_)) {
      SendPing();
    }
    return;
  }
  const int64_t since =
      pending_.empty() ? last_input_ms_ : std::max(last_input_ms_, pending_.front().queued_ms);
  if (now >= EventLoop::DeadlineAfter(options_.timeouts.answer, since)) {
    Close(absl::DeadlineExceededError(
        absl::StrCat("it was silent for ", absl::FormatDuration(options_.timeouts.answer))));
  }
}

void RedisConnection::FailOverdue() {
  while (overdue_ < pending_.size() && pending_[overdue_].deadline_ms <= loop_.now_ms() &&
         pending_[overdue_].begin < attempted_) {
    counters_.overdue += 1;
    pending_[overdue_++].done(Named(absl::DeadlineExceededError(
        absl::StrCat("no answer in ", absl::FormatDuration(options_.timeouts.call)))));
  }
  if (!closed_) FailUnsent();
}

// The first of the commands of which nothing was written yet, if their time is over: they are never
// sent. Their bytes go when there is as much of them as of the rest, so that a long queue is not
// moved again and again.
void RedisConnection::FailUnsent() {
  std::vector<Done> failed;
  for (size_t next = overdue_ + unsent_; next < pending_.size(); ++next) {
    if (pending_[next].deadline_ms > loop_.now_ms()) break;
    failed.push_back(std::move(pending_[next].done));
  }
  if (failed.empty()) return;
  unsent_ += failed.size();
  if (UnsentEnd() - pending_[overdue_].begin >= out_begin_ + out_.size() - UnsentEnd()) {
    ForgetUnsent();
  }
  for (Done& done : failed) {
    done(Named(absl::UnavailableError(
        absl::StrCat("it was not sent in ", absl::FormatDuration(options_.timeouts.call)))));
  }
}

// The place after the bytes of the commands that are never sent.
uint64_t RedisConnection::UnsentEnd() const {
  const size_t next = overdue_ + unsent_;
  return next == pending_.size() ? out_begin_ + out_.size() : pending_[next].begin;
}

void RedisConnection::ForgetUnsent() {
  if (unsent_ == 0) return;
  const auto first = pending_.begin() + static_cast<ptrdiff_t>(overdue_);
  const auto last = first + static_cast<ptrdiff_t>(unsent_);
  const uint64_t begin = first->begin;
  const uint64_t size = UnsentEnd() - begin;
  out_.erase(begin - out_begin_, size);
  for (auto later = last; later != pending_.end(); ++later) later->begin -= size;
  pending_.erase(first, last);
  unsent_ = 0;
}

void RedisConnection::SendPing() {
  last_input_ms_ = loop_.now_ms();  // the answer is awaited from now on
  if (kind_ == Kind::kSubscriber) {
    pinged_ = true;
    AppendCommand({"PING"}, &out_);
    return;
  }
  std::string* const out = Command([this](absl::StatusOr<RespValue*> reply) {
    if (!closed_ && reply.ok() && !IsPong(**reply)) Close(RedisError((*reply)->text));
  });
  AppendCommand({"PING"}, out);
}

}  // namespace weft
