#include "weft/server/worker.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/loop/drain_plan.h"
#include "weft/loop/random_fractions.h"
#include "weft/server/http_connection.h"
#include "weft/server/proxied_stream.h"
#include "weft/server/served_session.h"
#include "weft/transport/listen.h"

namespace weft {
namespace {

// The maximum number of connections accepted in one turn: the sessions come first in the next one.
constexpr int kMaxAcceptsPerTurn = 64;

// The pause before accepting again when the system has no descriptor or memory left.
constexpr int64_t kAcceptBackOffMs = 200;

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
      Arrival arrival;
      const IoResult result = Accept(listener_->fd(), &arrival.stream, &arrival.peer);
      if (result.ok()) {
        if (Prepare(arrival)) worker_.context_.group().Assign(&worker_, std::move(arrival));
      } else if (result.status == IoStatus::kWouldBlock) {
        return;
      } else {
        BackOff(result.error);
        return;
      }
    }
  }

  void OnWritable() override {}

  const Listener& listener() const { return *listener_; }

 private:
  // Starts TLS, unless the header of the PROXY protocol comes first.
  bool Prepare(Arrival& arrival) {
    const bool in_use = worker_.context_.options().proxies.protocol != ProxyProtocol::kOff;
    arrival.awaits_proxy_header = in_use && worker_.context_.trusted().Contains(arrival.peer);
    if (arrival.awaits_proxy_header) arrival.tls = listener_->tls();
    if (arrival.awaits_proxy_header || listener_->tls() == nullptr) return true;
    const absl::Status status = arrival.stream.StartTlsServer(*listener_->tls());
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

// Waits, and then closes the present streams one after the other, over a time.
class Worker::Draining : public Timer {
 public:
  Draining(Worker& worker, int64_t unready_ms, int64_t over_ms)
      : worker_(worker), end_ms_(worker.loop().now_ms() + over_ms) {
    if (unready_ms == 0) {
      OnTimer();
    } else {
      worker_.loop().ArmTimer(this, worker_.loop().now_ms() + unready_ms);
    }
  }

  // Whether the wait is over: the worker does not listen any more.
  bool begun() const { return plan_.has_value(); }

  void OnTimer() override {
    if (!begun()) Begin();
    const int64_t now_ms = worker_.loop().now_ms();
    size_t& left = worker_.untold_;
    while (plan_->IsDue(left, now_ms)) {
      worker_.Swap(plan_->Choose(left), left - 1);
      worker_.streams_[--left]->GoAway(CloseCode::kServiceRestart, "the server restarts");
    }
    if (now_ms >= plan_->end_ms()) return worker_.GoAway();
    worker_.loop().ArmTimer(this, plan_->NextMs());
  }

 private:
  // Takes the connections that wait in the queue of a socket that is closed now: their upgrades get
  // 503. The queue of an inherited socket is left to the process that serves it next. If all are
  // inherited, nobody is refused: a client that was accepted gets a session. One that begins so
  // late ends at the end of the drain.
  void Begin() {
    const auto closes = [](const std::unique_ptr<Accepting>& accepting) {
      return !accepting->listener().is_inherited();
    };
    const auto& listeners = worker_.listeners_;
    if (std::any_of(listeners.begin(), listeners.end(), closes)) {
      worker_.context_.RefuseUpgrades();
    }
    for (const std::unique_ptr<Accepting>& accepting : listeners) {
      if (closes(accepting)) accepting->OnReadable();
    }
    worker_.StopListening();
    worker_.untold_ = worker_.streams_.size();
    const auto& random = worker_.context_.options().for_tests.random;
    const int64_t now_ms = worker_.loop().now_ms();
    plan_.emplace(worker_.untold_, now_ms, end_ms_ - now_ms, random ? random : RandomFractions());
  }

  Worker& worker_;
  const int64_t end_ms_;
  std::optional<DrainPlan> plan_;
};

Worker::Worker(const ServerOptions& options, const Acceptor& acceptor, WorkerGroup& group,
               uint32_t index)
    : context_(options, acceptor, group, *this, index), index_(index) {
  loop().set_end_of_turn([this] { EndOfTurn(); });
}

Worker::~Worker() = default;

void Worker::Run() {
  loop().Run();
  mailbox()->Close();
  if (context_.access_log() != nullptr) context_.access_log()->Finish();
}

void Worker::Listen(std::shared_ptr<const Listener> listener) {
  listeners_.push_back(std::make_unique<Accepting>(*this, std::move(listener)));
}

void Worker::StopListening() { listeners_.clear(); }

void Worker::Adopt(Arrival arrival, Refusal refusal) {
  const int fd = arrival.stream.fd();
  const uint64_t id = uint64_t{index_} << 48 | next_id_++;
  const SocketAddress peer = arrival.peer;
  std::unique_ptr<ServedStream> client;
  if (arrival.awaits_proxy_header) {
    client = std::make_unique<ProxiedStream>(context_, std::move(arrival), id, refusal);
  } else {
    client =
        std::make_unique<HttpConnection>(context_, std::move(arrival.stream), peer, id, refusal);
  }
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

void Worker::Drain(int64_t unready_ms, int64_t over_ms) {
  if (draining_ != nullptr || context_.going_away()) return;
  draining_ = std::make_unique<Draining>(*this, unready_ms, over_ms);
}

void Worker::GoAway() {
  context_.GoAway();
  untold_ = 0;
  if (draining_ != nullptr) loop().DisarmTimer(draining_.get());
  StopListening();
  // From the back: the last stream takes the place of one that is dropped. One can drop others: its
  // handler publishes to sessions that are broken.
  for (size_t i = streams_.size(); i > 0; i = std::min(i - 1, streams_.size())) {
    streams_[i - 1]->GoAway(CloseCode::kGoingAway, "the server is going away");
  }
}

void Worker::Stop() {
  context_.Stop();
  if (draining_ != nullptr) loop().DisarmTimer(draining_.get());
  StopListening();
}

void Worker::Deliver(const PublishBatch& batch) {
  context_.topics().ForEachSubscriber(batch.topic(),
                                      [&](ServedSession& session, const TopicOptions& of_topic) {
                                        session.SendPublished(batch, batch.OptionsFor(of_topic));
                                      });
}

void Worker::EndOfTurn() {
  // The next turn comes at once if answers are left for it.
  internal::LateAnswers& late = context_.late_answers();
  if (late.has_given() && late.TakeGiven()) mailbox()->Post([] {});
  // A flush can drop a session, and the handler of a dropped one, or a coroutine whose request has
  // ended, can send to others: repeats until none of these is left.
  std::vector<ServedStream*>& to_flush = context_.to_flush();
  do {
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
  } while (late.EndAll());
  const bool ending = context_.going_away() || (draining_ != nullptr && draining_->begun());
  // Connections that another loop has assigned to this one, and that wait in the mailbox, count.
  if (ending && load_ == 0 && context_.group().MayEnd(this)) loop().Stop();
  context_.pools().TrimLater();
  context_.metrics().loop_lag.Add(context_.options().for_tests.clock->NowMs() - loop().now_ms());
}

void Worker::DropLargest(ServedStream* asker, size_t wanted) {
  context_.account().Largest(streams_, asker, wanted)->OutOfMemory();
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
  if (refusal == Refusal::kNone) context_.Leave(peer);
  --load_;
  if (refusal != Refusal::kNone) --context_.group().refusing();
}

}  // namespace weft
