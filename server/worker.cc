#include "weft/server/worker.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/loop/drain_plan.h"
#include "weft/server/http_connection.h"
#include "weft/server/served_session.h"
#include "weft/transport/listen.h"

namespace weft {
namespace {

// The maximum number of connections accepted in one turn: the sessions come first in the next one.
constexpr int kMaxAcceptsPerTurn = 64;

// The maximum number of streams compared to find the one that holds most, so that a client that
// fills the memory cannot stop the loop by these searches. Each search continues where the last one
// stopped.
constexpr size_t kMaxCompared = 4096;

// The pause before accepting again when the system has no descriptor or memory left.
constexpr int64_t kAcceptBackOffMs = 200;

std::function<double()> RandomNumbers() {
  return [engine = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>()(engine);
  };
}

}  // namespace

// The worker's watch on a listening socket.
class Worker::Accepting : public EventSource {
 public:
  Accepting(Worker& worker, std::shared_ptr<const Listener> listener)
      : worker_(worker), listener_(std::move(listener)) {
    Watch();
  }
  ~Accepting() override {
    if (!armed()) worker_.loop().Unwatch(listener_->fd());
  }

  void OnReadable() override {
    for (int i = 0; i < kMaxAcceptsPerTurn; ++i) {
      Stream stream;
      SocketAddress peer;
      const IoResult result = Accept(listener_->fd(), &stream, &peer);
      if (result.ok()) {
        if (StartTls(stream)) worker_.context_.group().Assign(&worker_, std::move(stream), peer);
      } else if (result.status == IoStatus::kWouldBlock) {
        return;
      } else {
        BackOff(result.error);
        return;
      }
    }
  }

  void OnWritable() override {}

 private:
  bool StartTls(Stream& stream) {
    if (listener_->tls() == nullptr) return true;
    const absl::Status status = stream.StartTlsServer(*listener_->tls());
    if (!status.ok()) {
      Log(worker_.context_.options().hooks.log, LogLevel::kError,
          absl::StrCat("cannot start TLS: ", status.message()));
    }
    return status.ok();
  }

  void Watch() {
    if (!worker_.loop().Watch(listener_->fd(), Poller::kRead, this, /*shared=*/true))
      BackOff(errno);
  }

  // The connection still waits, so a level-triggered loop would turn without a pause.
  void BackOff(int error) {
    Log(worker_.context_.options().hooks.log, LogLevel::kError,
        absl::StrCat("cannot accept a connection: ", std::strerror(error), "; trying again in ",
                     kAcceptBackOffMs, " ms"));
    worker_.loop().Unwatch(listener_->fd());
    worker_.loop().ArmTimer(this, worker_.loop().now_ms() + kAcceptBackOffMs);
  }

  void OnTimer() override { Watch(); }

  Worker& worker_;
  const std::shared_ptr<const Listener> listener_;
};

// Closes the present streams one after the other, over a time.
class Worker::Draining : public Timer {
 public:
  Draining(Worker& worker, int64_t over_ms)
      : worker_(worker),
        plan_(worker.untold_, worker.loop().now_ms(), over_ms,
              worker.context_.options().for_tests.random
                  ? worker.context_.options().for_tests.random
                  : RandomNumbers()) {
    OnTimer();
  }

  void OnTimer() override {
    const int64_t now_ms = worker_.loop().now_ms();
    size_t& left = worker_.untold_;
    while (plan_.IsDue(left, now_ms)) {
      worker_.Swap(plan_.Choose(left), left - 1);
      worker_.streams_[--left]->GoAway(CloseCode::kServiceRestart, "the server restarts");
    }
    if (now_ms >= plan_.end_ms()) return worker_.GoAway();
    worker_.loop().ArmTimer(this, plan_.NextMs());
  }

 private:
  Worker& worker_;
  DrainPlan plan_;
};

Worker::Worker(const ServerOptions& options, const Acceptor& acceptor, WorkerGroup& group,
               uint32_t index)
    : context_(options, acceptor, group, *this), index_(index) {
  loop().set_end_of_turn([this] { EndOfTurn(); });
}

Worker::~Worker() = default;

void Worker::Run() {
  loop().Run();
  mailbox()->Close();
}

void Worker::Listen(std::shared_ptr<const Listener> listener) {
  listeners_.push_back(std::make_unique<Accepting>(*this, std::move(listener)));
}

void Worker::StopListening() { listeners_.clear(); }

void Worker::Adopt(Stream stream, const SocketAddress& peer, Refusal refusal) {
  const int fd = stream.fd();
  const uint64_t id = uint64_t{index_} << 48 | next_id_++;
  auto client = std::make_unique<HttpConnection>(context_, std::move(stream), peer, id, refusal);
  if (!loop().Watch(fd, Poller::kRead, client.get())) {
    Log(context_.options().hooks.log, LogLevel::kError,
        absl::StrCat("cannot watch a connection: ", std::strerror(errno)));
    Release(peer, refusal);
    return;
  }
  client->index_ = static_cast<uint32_t>(streams_.size());
  streams_.push_back(std::move(client));
  if (context_.going_away()) streams_.back()->Drop("the server is going away");
}

void Worker::Drain(int64_t over_ms) {
  if (draining_ != nullptr || context_.going_away()) return;
  // Takes the connections that wait in the queue of the socket: their upgrades get 503.
  for (const std::unique_ptr<Accepting>& listener : listeners_) listener->OnReadable();
  StopListening();
  untold_ = streams_.size();
  draining_ = std::make_unique<Draining>(*this, over_ms);
}

void Worker::GoAway() {
  context_.GoAway();
  untold_ = 0;
  if (draining_ != nullptr) loop().DisarmTimer(draining_.get());
  StopListening();
  // From the back: the last stream takes the place of one that is dropped.
  for (size_t i = streams_.size(); i > 0; --i) {
    streams_[i - 1]->GoAway(CloseCode::kGoingAway, "the server is going away");
  }
}

void Worker::Stop() {
  context_.Stop();
  if (draining_ != nullptr) loop().DisarmTimer(draining_.get());
  StopListening();
}

// The options of a message override those of its topic.
void Worker::Deliver(const PublishBatch& batch) {
  const auto deliver = [&](ServedSession& session, const TopicOptions& of_topic) {
    SendOptions each = batch.options();
    if (each.key.empty() && of_topic.latest_only) each.key = batch.topic();
    if (!each.when_full.has_value()) each.when_full = of_topic.when_full;
    each.max_queue_bytes = std::min(each.max_queue_bytes, of_topic.max_queue_bytes);
    session.SendPublished(batch, each);
  };
  context_.topics().ForEachSubscriber(batch.topic(), deliver);
}

void Worker::EndOfTurn() {
  // A flush can drop a session, and the handler of a dropped one can send to others: repeats until
  // neither is left.
  std::vector<ServedStream*>& to_flush = context_.to_flush();
  while (context_.has_published() || !to_flush.empty() || !gone_.empty() ||
         (context_.stopping() && !streams_.empty())) {
    context_.DeliverPublished();
    for (size_t i = 0; i < to_flush.size(); ++i) to_flush[i]->OnEndOfTurn();
    to_flush.clear();
    while (context_.stopping() && !streams_.empty()) {
      streams_.back()->Drop("the server has stopped");
    }
    for (std::unique_ptr<ServedStream>& stream : std::exchange(gone_, {})) {
      if (stream->End()) continue;
      // Its handler has not returned: it still takes memory, and counts as a connection.
      ++load_;
      stream->index_ = static_cast<uint32_t>(kept_.size());
      kept_.push_back(std::move(stream));
    }
  }
  const bool ending = context_.going_away() || draining_ != nullptr;
  if (ending && streams_.empty() && kept_.empty() && context_.group().MayEnd(this)) loop().Stop();
  context_.pools().TrimLater();
  context_.metrics().loop_lag.Add(context_.options().for_tests.clock->NowMs() - loop().now_ms());
}

void Worker::DropLargest(ServedStream* asker, size_t wanted) {
  ServedStream* largest = asker;
  size_t most = asker->held_bytes() + wanted;
  for (size_t i = std::min(streams_.size(), kMaxCompared); i > 0; --i) {
    if (++compared_ >= streams_.size()) compared_ = 0;
    ServedStream* const stream = streams_[compared_].get();
    const size_t held = stream->held_bytes();
    if (held <= most) continue;
    largest = stream;
    most = held;
  }
  largest->OutOfMemory();
}

void Worker::DestroyLater(ServedStream* stream) {
  if (stream->index_ < untold_) Swap(stream->index_, --untold_);
  Swap(stream->index_, streams_.size() - 1);
  gone_.push_back(std::move(streams_.back()));
  streams_.pop_back();
  Release(stream->peer_, stream->refusal_);
}

void Worker::Swap(size_t a, size_t b) {
  std::swap(streams_[a], streams_[b]);
  streams_[a]->index_ = static_cast<uint32_t>(a);
  streams_[b]->index_ = static_cast<uint32_t>(b);
}

void Worker::Replace(ServedStream* stream, std::unique_ptr<ServedStream> next) {
  next->index_ = stream->index_;
  gone_.push_back(std::exchange(streams_[stream->index_], std::move(next)));
}

void Worker::Destroy(ServedStream* stream) {
  const uint32_t index = stream->index_;
  if (index >= kept_.size() || kept_[index].get() != stream) return;
  kept_.back()->index_ = index;
  std::swap(kept_[index], kept_.back());
  kept_.pop_back();
  --load_;
}

void Worker::Release(const SocketAddress& peer, Refusal refusal) {
  if (refusal == Refusal::kNone) context_.group().Leave(peer);
  --load_;
  if (refusal != Refusal::kNone) --refusing_;
}

}  // namespace weft
