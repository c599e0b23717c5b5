// Resolves the names of servers for event loops.

#ifndef WEFT_LOOP_ADDRESS_LOOKUP_H_
#define WEFT_LOOP_ADDRESS_LOOKUP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "weft/loop/mailbox.h"
#include "weft/transport/address.h"
#include "weft/transport/resolve.h"

namespace weft {

// Looks names up on threads of its own, a limited number at a time: the others wait. A thread runs
// only while there is a lookup for it. The system's lookup cannot be interrupted, so destroying
// this object does not wait for it: the thread ends in the background, and its answer is dropped.
// Thread-safe.
class AddressLookup {
 public:
  using Addresses = absl::StatusOr<std::vector<SocketAddress>>;
  using Done = absl::AnyInvocable<void(Addresses)>;

  static constexpr int kDefaultThreads = 4;

  // At least one thread. `lookup` is for tests; its captures must live until its last call has
  // returned, which may be after this object's end.
  explicit AddressLookup(int max_threads = kDefaultThreads, internal::Lookup lookup = LookUp);
  ~AddressLookup();
  AddressLookup(const AddressLookup&) = delete;
  AddressLookup& operator=(const AddressLookup&) = delete;

  // Posts `done`, with the addresses of `host` or the errors of Resolve(), to the mailbox. If its
  // loop ends first, or this object, `done` is destroyed instead, perhaps by another thread: it
  // must hold nothing that this could harm. So it is if `wanted` has expired when a thread is ready
  // for it: then the name is not looked up.
  void Start(std::string host, uint16_t port, std::shared_ptr<Mailbox> mailbox,
             std::weak_ptr<const void> wanted, Done done);

 private:
  struct State;

  const std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace weft

#endif  // WEFT_LOOP_ADDRESS_LOOKUP_H_
