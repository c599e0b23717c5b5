// The account of the memory that the connections of one loop hold.

#ifndef WEFT_SENDING_MEMORY_ACCOUNT_H_
#define WEFT_SENDING_MEMORY_ACCOUNT_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "weft/loop/budget.h"
#include "weft/sending/counter.h"

namespace weft {

// Counts buffers and queues in the budget of a loop, in which the messages on their way to its
// connections count as well, and chooses the connection that has to end when the budget is
// exceeded. For the loop's thread.
class MemoryAccount {
 public:
  // Sets the limit of `budget`. `held` is the number of bytes in the account; both must outlive it.
  MemoryAccount(Budget& budget, Counter& held, size_t max_bytes) : budget_(budget), held_(held) {
    budget.set_limit(max_bytes, max_bytes / kHeadroomPart);
  }
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  // A connection holds `now` bytes instead of `before`. False if it holds more than before, and all
  // hold more than the budget.
  bool Change(size_t before, size_t now) {
    held_ += now - before;
    if (now > before) return budget_.Add(now - before);
    budget_.Return(before - now);
    return true;
  }

  // The connection that holds the most bytes, of `asker` and up to 4,096 of `connections`, other
  // ones at each call. `asker` counts with the `wanted` bytes that it asks for.
  template <typename Connection>
  Connection* Largest(const std::vector<std::unique_ptr<Connection>>& connections,
                      Connection* asker, size_t wanted) {
    Connection* largest = asker;
    size_t most = asker->held_bytes() + wanted;
    for (size_t i = std::min(connections.size(), kMaxCompared); i > 0; --i) {
      if (++compared_ >= connections.size()) compared_ = 0;
      Connection* const connection = connections[compared_].get();
      const size_t held = connection->held_bytes();
      if (held <= most) continue;
      largest = connection;
      most = held;
    }
    return largest;
  }

 private:
  // Messages from other threads must leave this part (1/16) of the memory free. If they could take
  // all of it, a connection would be dropped as soon as one of its messages needs a little more
  // than it had reserved.
  static constexpr size_t kHeadroomPart = 16;

  // So that a peer that fills the memory cannot stop the loop by these searches. Each one continues
  // where the last one stopped.
  static constexpr size_t kMaxCompared = 4096;

  Budget& budget_;
  Counter& held_;
  size_t compared_ = 0;  // the index of the last connection that Largest() compared
};

}  // namespace weft

#endif  // WEFT_SENDING_MEMORY_ACCOUNT_H_
