#include "weft/transport/resolve.h"

#include <net/if.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/testing/sockets.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using internal::Addresses;
using internal::Lookup;
using internal::ResolveName;
using testing::Loopback;
using testing::NewNotification;

// A name service that answers when the test tells it to, and reports when its answer is destroyed.
class SlowLookup {
 public:
  Lookup lookup() {
    return [answer = answer_.get_future().share(), gone = gone_](const std::string&, uint16_t) {
      answer.wait();
      return Addresses(std::vector<SocketAddress>{Loopback(1)});
    };
  }
  void Answer() { answer_.set_value(); }

  // Blocks until the thread has destroyed the lookup, with everything shared.
  void AwaitGone() {
    std::future<void> gone = gone_->get_future();
    gone_.reset();
    // A promise that is destroyed without a value makes its future ready.
    gone.wait();
  }

 private:
  std::promise<void> answer_;
  std::shared_ptr<std::promise<void>> gone_ = std::make_shared<std::promise<void>>();
};

TEST(ResolveTest, DigitsNeedNoNameServiceAndNoTime) {
  const Notification cancel = NewNotification();
  cancel.Notify();
  for (const char* ip : {"127.0.0.1", "::1", "2001:db8::1"}) {
    const Addresses addresses = Resolve(ip, 8080, Deadline::After(absl::ZeroDuration()), &cancel);
    ASSERT_TRUE(addresses.ok()) << addresses.status();
    ASSERT_EQ(addresses->size(), 1u);
    EXPECT_EQ(addresses->front(), *SocketAddress::FromIp(ip, 8080));
  }
}

TEST(ResolveTest, LocalhostIsLoopbackEachAddressOnce) {
  const Addresses addresses = Resolve("localhost", 8080, Deadline::Never());
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  ASSERT_FALSE(addresses->empty());
  for (size_t i = 0; i < addresses->size(); ++i) {
    const SocketAddress& address = (*addresses)[i];
    EXPECT_TRUE(address.ip() == "::1" || absl::StartsWith(address.ip(), "127."))
        << address.ToString();
    EXPECT_EQ(address.port(), 8080);
    for (size_t j = 0; j < i; ++j) EXPECT_NE(address, (*addresses)[j]);
  }
}

// RFC 6761, section 6.3: no name service is asked, so no time is needed.
TEST(ResolveTest, NamesOfThisMachineAreLoopbackWithoutANameService) {
  const Notification cancel = NewNotification();
  cancel.Notify();
  for (const char* name : {"localhost", "localhost.", "a.b.LocalHost", "a.localhost."}) {
    const Addresses addresses = Resolve(name, 8080, Deadline::After(absl::ZeroDuration()), &cancel);
    ASSERT_TRUE(addresses.ok()) << addresses.status();
    EXPECT_EQ(*addresses,
              (std::vector<SocketAddress>{*SocketAddress::FromIp("::1", 8080), Loopback(8080)}));
  }
}

TEST(ResolveTest, AZoneIsANetworkInterface) {
  const Addresses addresses = Resolve("fe80::1%lo", 8080, Deadline::Never());
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  EXPECT_EQ(addresses->front().ToString(),
            absl::StrCat("[fe80::1%", if_nametoindex("lo"), "]:8080"));
}

// No name service is asked for an interface that does not exist.
TEST(ResolveTest, AnUnknownZoneIsAnErrorThatNamesIt) {
  const Notification cancel = NewNotification();
  cancel.Notify();
  const absl::Status status =
      Resolve("fe80::1%nowhere", 80, Deadline::After(absl::ZeroDuration()), &cancel).status();
  EXPECT_EQ(status, absl::NotFoundError("cannot resolve \"fe80::1%nowhere\": not an IPv6 address "
                                        "and a network interface of this machine"));
}

// A label longer than the 63 bytes of RFC 1035 never leaves the machine.
TEST(ResolveTest, ANameThatCannotBeIsAnErrorThatNamesIt) {
  const std::string name = std::string(64, 'a') + ".example";
  const absl::Status status = Resolve(name, 80, Deadline::Never()).status();
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StartsWith(status.message(), "cannot resolve \"" + name + "\": ")) << status;
}

TEST(ResolveTest, NoNameAndANulAreRefused) {
  for (absl::string_view name : {absl::string_view(""), absl::string_view("127.0.0.1\0x", 11)}) {
    const absl::Status status = Resolve(name, 80, Deadline::Never()).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  }
}

TEST(ResolveNameTest, GivesTheLookupItsNameAndReturnsItsAnswer) {
  const auto lookup = [](const std::string& host, uint16_t port) -> Addresses {
    EXPECT_EQ(host, "name.example");
    return std::vector<SocketAddress>{Loopback(port), Loopback(2)};
  };
  const Addresses addresses = ResolveName(lookup, "name.example", 1, Deadline::Never(), nullptr);
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  EXPECT_EQ(*addresses, (std::vector<SocketAddress>{Loopback(1), Loopback(2)}));
}

TEST(ResolveNameTest, ReturnsTheLookupsError) {
  const auto lookup = [](const std::string&, uint16_t) -> Addresses {
    return absl::NotFoundError("no such name");
  };
  const absl::Status status =
      ResolveName(lookup, "name.example", 1, Deadline::Never(), nullptr).status();
  EXPECT_EQ(status, absl::NotFoundError("no such name"));
}

TEST(ResolveNameTest, TheDeadlineDoesNotWaitForTheLookup) {
  SlowLookup slow;
  std::future<absl::Status> returned = std::async(std::launch::async, [&] {
    return ResolveName(slow.lookup(), "name.example", 80, Deadline::After(absl::Milliseconds(1)),
                       nullptr)
        .status();
  });
  const bool waited = returned.wait_for(std::chrono::seconds(10)) != std::future_status::ready;
  slow.Answer();
  EXPECT_FALSE(waited) << "it returned only when the lookup did";
  const absl::Status status = returned.get();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_EQ(status.message(), "cannot resolve \"name.example\": deadline exceeded");
  slow.AwaitGone();  // the late answer is discarded, without a leak
}

TEST(ResolveNameTest, CancelDoesNotWaitForTheLookup) {
  SlowLookup slow;
  const Notification cancel = NewNotification();
  std::thread canceller([&] { cancel.Notify(); });
  const absl::Status status =
      ResolveName(slow.lookup(), "name.example", 80, Deadline::Never(), &cancel).status();
  canceller.join();
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(status.message(), "cannot resolve \"name.example\": cancelled");
  slow.Answer();
  slow.AwaitGone();
}

}  // namespace
}  // namespace weft
