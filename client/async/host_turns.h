// Limits the attempts to connect that are under way at a time, for each host.

#ifndef WEFT_CLIENT_ASYNC_HOST_TURNS_H_
#define WEFT_CLIENT_ASYNC_HOST_TURNS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "weft/loop/mailbox.h"

namespace weft {

// Gives turns to those that want to connect to a host: a limited number at a time, in the order in
// which they asked, whichever loops they are on. Thread-safe; must outlive its turns and places.
//
//   place = turns.Wait("example.com:443", loop.mailbox(), [](HostTurns::Turn turn) { ... });
class HostTurns {
 public:
  // Permits one attempt. Returned when it is destroyed: the next one in the order gets it.
  class Turn {
   public:
    Turn() = default;  // none
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), host_(std::move(other.host_)) {}
    Turn& operator=(Turn&& other) noexcept;
    ~Turn() { Return(); }

    void Return();

   private:
    friend class HostTurns;

    Turn(HostTurns* turns, std::string host) : turns_(turns), host_(std::move(host)) {}

    HostTurns* turns_ = nullptr;
    std::string host_;
  };

  using Start = absl::AnyInvocable<void(Turn)>;

  // A place in the order. When it is destroyed, its owner waits no longer.
  class Place {
   public:
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    friend class HostTurns;

    Place(HostTurns* turns, std::string host) : turns_(turns), host_(std::move(host)) {}

    HostTurns* const turns_;
    const std::string host_;
    uint64_t ticket_ = 0;
    std::shared_ptr<Start> start_;
  };

  // At most `max` turns of one host at a time, at least 1.
  explicit HostTurns(int max) : max_(max) {}
  HostTurns(const HostTurns&) = delete;
  HostTurns& operator=(const HostTurns&) = delete;

  // Posts `start` to the mailbox when it is its turn, which may be at once. It is not called after
  // the place was destroyed, which only the mailbox's thread may do.
  std::unique_ptr<Place> Wait(std::string host, std::shared_ptr<Mailbox> mailbox, Start start);

 private:
  struct Waiting {
    std::shared_ptr<Mailbox> mailbox;
    std::weak_ptr<Start> start;
  };
  struct Host {
    int under_way = 0;
    std::map<uint64_t, Waiting> order{};  // by ticket
  };

  void GiveNext(const std::string& host);
  void Leave(const Place& place);
  void Release(const std::string& host);
  void EraseIfUnused(const std::string& host);

  const int max_;
  std::mutex mutex_;
  // The rest is guarded by mutex_.
  uint64_t last_ticket_ = 0;
  absl::flat_hash_map<std::string, Host> hosts_;  // those with a turn, or a place
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_HOST_TURNS_H_
