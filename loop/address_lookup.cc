#include "weft/loop/address_lookup.h"

#include <pthread.h>

#include <csignal>
#include <deque>
#include <mutex>
#include <utility>

#include "absl/status/status.h"

namespace weft {
namespace {

struct Job {
  std::string host;
  uint16_t port;
  std::shared_ptr<Mailbox> mailbox;
  std::weak_ptr<const void> wanted;
  AddressLookup::Done done;
};

void Answer(Job job, AddressLookup::Addresses addresses) {
  const std::shared_ptr<Mailbox> mailbox = std::move(job.mailbox);
  mailbox->Post([done = std::move(job.done), addresses = std::move(addresses)]() mutable {
    done(std::move(addresses));
  });
}

}  // namespace

struct AddressLookup::State {
  State(int max_threads, internal::Lookup lookup)
      : max_threads(max_threads), lookup(std::move(lookup)) {}

  const int max_threads;
  const internal::Lookup lookup;
  std::mutex mutex;
  // The rest is guarded by `mutex`.
  std::deque<Job> jobs;
  int threads = 0;
  bool ended = false;

  // Does the jobs until there are none.
  void Work() {
    std::unique_lock<std::mutex> lock(mutex);
    while (!jobs.empty()) {
      Job job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      Do(std::move(job));
      lock.lock();
    }
    --threads;
  }

  // Without the lock.
  void Do(Job job) {
    if (job.wanted.expired()) return;
    Addresses addresses = lookup(job.host, job.port);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      if (ended) return;
    }
    Answer(std::move(job), std::move(addresses));
  }

  static void* Run(void* argument) {
    const std::unique_ptr<std::shared_ptr<State>> state(
        static_cast<std::shared_ptr<State>*>(argument));
    (*state)->Work();
    return nullptr;
  }

  // Not std::thread, which throws if the system has no thread left. 0, or an errno.
  static int StartThread(std::shared_ptr<State> state) {
    auto argument = std::make_unique<std::shared_ptr<State>>(std::move(state));
    // The program does not know of the thread, which must not take a signal for which the program
    // waits on another (SignalWaiter): the new thread has all signals blocked.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    const int error = pthread_create(&thread, nullptr, Run, argument.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error != 0) return error;
    static_cast<void>(argument.release());  // Run() deletes it
    pthread_detach(thread);
    return 0;
  }
};

AddressLookup::AddressLookup(int max_threads, internal::Lookup lookup)
    : state_(std::make_shared<State>(max_threads, std::move(lookup))) {}

AddressLookup::~AddressLookup() {
  std::deque<Job> dropped;  // destroyed without the lock
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->ended = true;
  dropped.swap(state_->jobs);
}

void AddressLookup::Start(std::string host, uint16_t port, std::shared_ptr<Mailbox> mailbox,
                          std::weak_ptr<const void> wanted, Done done) {
  std::unique_lock<std::mutex> lock(state_->mutex);
  state_->jobs.push_back(
      {std::move(host), port, std::move(mailbox), std::move(wanted), std::move(done)});
  if (state_->threads == state_->max_threads) return;
  const int error = State::StartThread(state_);
  if (error == 0) ++state_->threads;
  if (error == 0 || state_->threads > 0) return;  // or another thread does it later
  Job job = std::move(state_->jobs.back());
  state_->jobs.pop_back();
  lock.unlock();
  Addresses failed = LookupStopped(job.host, absl::ErrnoToStatus(error, "cannot start a thread"));
  Answer(std::move(job), std::move(failed));
}

}  // namespace weft
