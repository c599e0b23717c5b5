#include "weft/client/async/client_context.h"

#include <algorithm>

#include "openssl/rand.h"
#include "weft/loop/random_fractions.h"

namespace weft {
namespace {

OutboxContext::Limits LimitsOf(const ClientSending& sending) {
  return {.max_queue_bytes = sending.max_queue_bytes,
          .high_mark_bytes = std::min(sending.high_mark_bytes, sending.max_queue_bytes),
          .low_mark_bytes = std::min(sending.low_mark_bytes, sending.max_queue_bytes / 2),
          .when_full = sending.when_full};
}

std::array<uint64_t, 2> RandomKeyOfPings() {
  std::array<uint64_t, 2> key;
  RAND_bytes(reinterpret_cast<uint8_t*>(key.data()), sizeof(key));  // always succeeds
  return key;
}

}  // namespace

ClientContext::ClientContext(const ClientLoopOptions& options, AddressLookup& lookup,
                             HostTurns& turns, ExceptionGuard& guard, ClientOwner& owner)
    : options_(options),
      lookup_(lookup),
      turns_(turns),
      guard_(guard),
      owner_(owner),
      random_(options.for_tests.random ? options.for_tests.random : RandomFractions()),
      ping_key_(RandomKeyOfPings()),
      loop_(*options.for_tests.clock),
      sending_(LimitsOf(options.sending), metrics_, mailbox()->budget(), [] {}),
      account_(mailbox()->budget(), metrics_.buffered_bytes, options.bytes_per_thread()) {}

}  // namespace weft
