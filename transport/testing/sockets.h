// Addresses and notifications for tests of sockets.

#ifndef WEFT_TRANSPORT_TESTING_SOCKETS_H_
#define WEFT_TRANSPORT_TESTING_SOCKETS_H_

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/listen.h"
#include "weft/transport/notification.h"

namespace weft::testing {

inline SocketAddress Ip(absl::string_view ip, uint16_t port) {
  absl::StatusOr<SocketAddress> address = SocketAddress::FromIp(ip, port);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.value_or(SocketAddress());
}

inline SocketAddress Loopback(uint16_t port) { return Ip("127.0.0.1", port); }

// Whether this machine has the loopback address ::1.
inline bool HasIpv6() { return Listen(Ip("::1", 0)).ok(); }

inline Notification NewNotification() {
  absl::StatusOr<Notification> notification = Notification::Create();
  EXPECT_TRUE(notification.ok()) << notification.status();
  return *std::move(notification);
}

}  // namespace weft::testing

#endif  // WEFT_TRANSPORT_TESTING_SOCKETS_H_
