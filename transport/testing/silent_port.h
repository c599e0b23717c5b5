// A port that never answers.

#ifndef WEFT_TRANSPORT_TESTING_SILENT_PORT_H_
#define WEFT_TRANSPORT_TESTING_SILENT_PORT_H_

#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"
#include "weft/transport/wait.h"

namespace weft::testing {

// On the loopback address `ip`, as long as the object lives. Its queue is full, so the kernel drops
// further connections.
class SilentPort {
 public:
  explicit SilentPort(const char* ip = "127.0.0.1")
      : listener_(Listen(*SocketAddress::FromIp(ip, 0), {.backlog = 0}).value()),
        first_(ConnectTo({address()}, Deadline::Never()).value()) {
    EXPECT_TRUE(Wait(listener_.get(), Interest::kRead, Deadline::Never()).ok());  // fills the queue
  }

  SocketAddress address() const { return LocalAddress(listener_.get()); }

 private:
  UniqueFd listener_;
  Stream first_;  // a backlog of 0 holds one connection
};

}  // namespace weft::testing

#endif  // WEFT_TRANSPORT_TESTING_SILENT_PORT_H_
