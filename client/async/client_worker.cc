#include "weft/client/async/client_worker.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "weft/loop/drain_plan.h"

namespace weft {
namespace {

absl::Status Ends() { return absl::CancelledError("the client loop ends"); }
absl::Status Drains() { return absl::UnavailableError("the client loop is drained"); }

}  // namespace

// Closes the present connections one after the other, over a time.
class ClientWorker::Draining : public Timer {
 public:
  Draining(ClientWorker& worker, int64_t over_ms)
      : worker_(worker),
        plan_(worker.untold_, worker.context_.loop().now_ms(), over_ms,
              [&context = worker.context_] { return context.Random(); }) {
    OnTimer();
  }

  void OnTimer() override {
    const int64_t now_ms = worker_.context_.loop().now_ms();
    size_t& left = worker_.untold_;
    while (plan_.IsDue(left, now_ms)) {
      worker_.Swap(plan_.Choose(left), left - 1);
      worker_.clients_[--left]->GoAway(Drains());
    }
    if (left > 0) worker_.context_.loop().ArmTimer(this, plan_.NextMs());
  }

 private:
  ClientWorker& worker_;
  DrainPlan plan_;
};

ClientWorker::ClientWorker(const ClientLoopOptions& options, AddressLookup& lookup,
                           HostTurns& turns, ExceptionGuard& guard)
    : context_(options, lookup, turns, guard, *this) {
  context_.loop().set_end_of_turn([this] { EndOfTurn(); });
}

ClientWorker::~ClientWorker() = default;

void ClientWorker::Run() {
  context_.loop().Run();
  mailbox()->Close();
}

void ClientWorker::Adopt(std::unique_ptr<LoopClient> client) {
  LoopClient& started = *client;
  started.set_index(clients_.size());
  clients_.push_back(std::move(client));
  started.Start();
  if (draining_ != nullptr) started.Abort(Drains());
}

void ClientWorker::Adopt(std::unique_ptr<LoopReconnector> reconnector) {
  LoopReconnector& started = *reconnector;
  started.set_index(reconnectors_.size());
  reconnectors_.push_back(std::move(reconnector));
  started.Start();
  if (draining_ != nullptr) started.End(Drains());
}

// Those that have no connection end at once, the others with it.
void ClientWorker::EndReconnectors(const absl::Status& why) {
  for (size_t i = reconnectors_.size(); i-- > 0;) reconnectors_[i]->End(why);
}

void ClientWorker::Drain(int64_t over_ms) {
  if (draining_ != nullptr) return;
  EndReconnectors(Drains());
  untold_ = clients_.size();
  draining_ = std::make_unique<Draining>(*this, over_ms);
}

void ClientWorker::Swap(size_t a, size_t b) {
  std::swap(clients_[a], clients_[b]);
  clients_[a]->set_index(a);
  clients_[b]->set_index(b);
}

void ClientWorker::DestroyLater(LoopClient* client) {
  // First to the end of those that are to be drained, then to the end of all.
  size_t index = client->index();
  if (index < untold_) {
    Swap(index, --untold_);
    index = untold_;
  }
  Swap(index, clients_.size() - 1);
  gone_.push_back(std::move(clients_.back()));
  clients_.pop_back();
}

void ClientWorker::DestroyLater(LoopReconnector* reconnector) {
  const size_t index = reconnector->index();
  std::swap(reconnectors_[index], reconnectors_.back());
  reconnectors_[index]->set_index(index);
  gone_reconnectors_.push_back(std::move(reconnectors_.back()));
  reconnectors_.pop_back();
}

void ClientWorker::DropLargest(LoopClient* asker) {
  context_.account().Largest(clients_, asker, /*wanted=*/0)->OutOfMemory();
}

void ClientWorker::EndGuests() {
  while (!guests_.empty()) {
    ClientGuest& guest = **guests_.begin();
    Remove(guest);
    guest.OnLoopEnd();
  }
}

void ClientWorker::EndOfTurn() {
  // A flush can drop a connection, the handler of a dropped one can send to others, and a guest can
  // close some: repeats until nothing is left.
  while (!to_flush_.empty() || !gone_.empty() || !released_.empty() ||
         !gone_reconnectors_.empty() ||
         (stopping_ && !(clients_.empty() && reconnectors_.empty() && guests_.empty()))) {
    for (size_t i = 0; i < to_flush_.size(); ++i) to_flush_[i]->OnEndOfTurn();
    to_flush_.clear();
    if (stopping_) EndReconnectors(Ends());
    while (stopping_ && !clients_.empty()) clients_.back()->Abort(Ends());
    released_.clear();  // before their connections, whose options they use
    for (std::unique_ptr<LoopClient>& client : std::exchange(gone_, {})) {
      client->End();
      to_flush_.erase(std::remove(to_flush_.begin(), to_flush_.end(), client.get()),
                      to_flush_.end());
      client.reset();
      connections_ -= 1;
    }
    for (std::unique_ptr<LoopReconnector>& reconnector : std::exchange(gone_reconnectors_, {})) {
      reconnector.reset();
      connections_ -= 1;
    }
    if (stopping_ && clients_.empty()) EndGuests();
  }
  if (stopping_) context_.loop().Stop();
  context_.pools().TrimLater();
  context_.metrics().loop_lag.Add(context_.options().for_tests.clock->NowMs() -
                                  context_.loop().now_ms());
}

}  // namespace weft
