#include "weft/bench/client_run.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <random>

#include "absl/strings/str_cat.h"
#include "weft/bench/engine/now.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"

namespace weft::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

}  // namespace

ClientOptions ClientOptionsOf(const ClientRunOptions& options) {
  ClientOptions result;
  result.tls = options.tls;
  result.proxy = "direct";
  result.timeouts.ping_interval = absl::InfiniteDuration();
  result.connection.compression.use = CompressionOptions::Use::kOff;
  result.connection.max_message_bytes = options.payload;
  return result;
}

// As EchoRun, it reads the clock twice for `depth` messages: of these it measures one round trip.
class ClientRun::Peer : public ClientHandler {
 public:
  Peer(ClientRun& run, size_t index)
      : run_(run), index_(index), next_sent_(run, index), next_echo_(run, index) {}

  void OnOpen(AsyncClient& client) override { run_.Opened(this, client.ref()); }

  void OnMessage(AsyncClient& client, const Message& message) override {
    if (completed_ == sent_ || message.payload != next_echo_.payload()) {
      return run_.Fail(index_, absl::DataLossError(absl::StrCat("message ", completed_,
                                                                " is not the echo of its own")));
    }
    if (next_echo_.is_timed()) run_.Timed(Now() - started_);
    run_.Completed();
    ++completed_;
    next_echo_.Advance();
    Continue(client);
  }

  void OnClose(AsyncClient& client, const CloseInfo& /*info*/) override {
    run_.Fail(index_, client.status());
  }
  void OnFailed(const absl::Status& error) override { run_.Fail(index_, error); }

  void Allow(AsyncClient& client, uint64_t messages) {
    works_ |= messages > 0;
    last_ = messages > UINT64_MAX - sent_ ? UINT64_MAX : sent_ + messages;
    Continue(client);
  }

 private:
  // A place in the sequence of messages, which needs no division.
  class Place {
   public:
    Place(const ClientRun& run, size_t index) : run_(run), payload_(index % run.payloads_.size()) {}

    const std::string& payload() const { return run_.payloads_[payload_]; }
    bool is_timed() const { return in_round_ == 0; }
    void Advance() {
      if (++payload_ == run_.payloads_.size()) payload_ = 0;
      if (++in_round_ == run_.options_.depth) in_round_ = 0;
    }

   private:
    const ClientRun& run_;
    size_t payload_;
    size_t in_round_ = 0;
  };

  void Continue(AsyncClient& client) {
    const uint64_t due = std::min(last_, completed_ + run_.options_.depth);
    const Opcode opcode =
        run_.options_.kind == PayloadKind::kBinary ? Opcode::kBinary : Opcode::kText;
    for (; sent_ < due; ++sent_, next_sent_.Advance()) {
      if (next_sent_.is_timed()) started_ = Now();
      absl::Status status = client.SendMessage(opcode, next_sent_.payload());
      if (!status.ok()) return run_.Fail(index_, status);
    }
    if (completed_ == last_ && std::exchange(works_, false)) run_.Finished();
  }

  ClientRun& run_;
  const size_t index_;
  Place next_sent_, next_echo_;
  int64_t started_ = 0;  // when the timed message in flight was sent; there is at most one
  uint64_t sent_ = 0, completed_ = 0;
  uint64_t last_ = 0;   // the number of messages that it may send
  bool works_ = false;  // Finished() follows
};

ClientRun::ClientRun(const ClientRunOptions& options)
    : options_(options), payloads_(EchoStream::CycleOf(options.payload)) {
  std::mt19937 random(6455);
  for (std::string& payload : payloads_) {
    payload = MakePayload(options.kind, options.payload, random());
  }
}

ClientRun::~ClientRun() {
  const std::lock_guard<std::mutex> lock(mutex_);
  error_ = absl::CancelledError("the run has ended");  // the first one: others follow from it
}

absl::StatusOr<std::unique_ptr<ClientRun>> ClientRun::Open(const ClientRunOptions& options) {
  std::unique_ptr<ClientRun> run(new ClientRun(options));
  ClientLoopOptions loop_options;
  // No limit but `depth`: two ends that both stop reading until the other reads would wait forever.
  loop_options.sending.max_queue_bytes = loop_options.sending.pause_reading_bytes =
      (options.payload + 1024) * options.depth + (1 << 20);
  absl::StatusOr<std::unique_ptr<ClientLoop>> loop = ClientLoop::Create(loop_options);
  if (!loop.ok()) return loop.status();
  run->loop_ = *std::move(loop);
  for (size_t i = 0; i < std::min(options.concurrency, options.connections); ++i) {
    run->ConnectNext();
  }
  absl::Status status = run->Await(absl::InfiniteDuration(),
                                   [&] { return run->open_.size() == options.connections; });
  if (!status.ok()) return status;
  return run;
}

void ClientRun::ConnectNext() {
  size_t index;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (connecting_ == options_.connections || !error_.ok()) return;
    index = connecting_++;
  }
  loop_->Connect(options_.url, ClientOptionsOf(options_), std::make_unique<Peer>(*this, index));
}

absl::Status ClientRun::Start(uint64_t messages) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    at_work_ = open_.size();
  }
  return Allow(messages);
}

absl::Status ClientRun::Allow(uint64_t messages) {
  for (const auto& [peer, ref] : open_) {
    absl::Status status =
        ref.Post([peer = peer, messages](AsyncClient& client) { peer->Allow(client, messages); });
    if (!status.ok()) return Await(absl::ZeroDuration(), [] { return false; });
  }
  return absl::OkStatus();
}

absl::Status ClientRun::RunFor(absl::Duration duration) {
  absl::Status status = Await(duration, [] { return false; });
  return absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status;
}

absl::Status ClientRun::Drain() {
  absl::Status status = Allow(0);
  for (uint64_t before = 0; status.ok() || absl::IsDeadlineExceeded(status);) {
    before = messages();
    status = Await(kPatience, [this] { return at_work_ == 0; });
    if (status.ok() || messages() == before) break;
  }
  return status;
}

Histogram ClientRun::round_trips() {
  Histogram copy;
  OnLoop([&] { copy = round_trips_; });
  return copy;
}

void ClientRun::ResetCounts() {
  OnLoop([this] {
    messages_ = 0;
    round_trips_ = Histogram();
  });
}

// Must be called once connections are open. Does nothing if the first one has ended.
template <typename Call>
void ClientRun::OnLoop(Call call) {
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> has_run = done->get_future();
  const ClientRef& ref = open_.front().second;
  // A callback that is destroyed breaks the promise, which ends the wait as well.
  absl::Status posted = ref.Post([done = std::move(done), &call](AsyncClient&) {
    call();
    done->set_value();
  });
  if (posted.ok()) has_run.wait();
}

void ClientRun::Opened(Peer* peer, ClientRef ref) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_.emplace_back(peer, std::move(ref));
    changed_.notify_one();
  }
  ConnectNext();
}

void ClientRun::Timed(int64_t round_trip_ns) {
  round_trips_.Add(static_cast<uint64_t>(round_trip_ns));
}

void ClientRun::Finished() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --at_work_;
  changed_.notify_one();
}

void ClientRun::Fail(size_t index, const absl::Status& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!error_.ok()) return;
  error_ = absl::Status(why.code(), absl::StrCat("connection ", index, ": ", why.message()));
  changed_.notify_one();
}

template <typename Done>
absl::Status ClientRun::Await(absl::Duration time, Done done) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ends = [&] { return !error_.ok() || done(); };
  if (time == absl::InfiniteDuration()) {
    changed_.wait(lock, ends);
  } else if (!changed_.wait_for(lock, absl::ToChronoNanoseconds(time), ends)) {
    return absl::DeadlineExceededError(
        absl::StrCat(at_work_, " connections wait for an echo, or may send more"));
  }
  return error_;
}

}  // namespace weft::bench
