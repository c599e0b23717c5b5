// A network between clients and a server, which fails as the test says.

#ifndef WEFT_CLIENT_ASYNC_TESTING_FAULTY_RELAY_H_
#define WEFT_CLIENT_ASYNC_TESTING_FAULTY_RELAY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/notification.h"

namespace weft::testing {

// How the relay treats the connections to one of its ports.
struct RelayPlan {
  enum class Proxy { kNone, kHttp, kSocks5 };
  enum class Fault {
    kNone,
    kRefuse,   // nothing listens on the port
    kReset,    // resets both ends
    kClose,    // closes both ends
    kEnd,      // ends one direction, and drops its further bytes
    kSilence,  // passes nothing on any more, and closes nothing
  };

  Proxy proxy = Proxy::kNone;  // the protocol by which the clients name the server
  Fault fault = Fault::kNone;

  // The fault happens after this many bytes to the client, or to the server; an answer of the proxy
  // counts. 0: at once.
  bool to_client = true;
  size_t after_bytes = 0;

  // The maximum number of bytes in one write, for the first thousand bytes of each direction.
  size_t piece_bytes = 1 << 20;
};

// Listens on a port for each plan, and passes bytes between each client and a server of its own
// connection, on one thread.
class FaultyRelay {
 public:
  // `on_idle` is called on the relay's thread whenever nothing has moved for a few milliseconds:
  // there a test may let time pass, so that timeouts end what waits in vain.
  FaultyRelay(const SocketAddress& server, std::vector<RelayPlan> plans,
              std::function<void()> on_idle);
  ~FaultyRelay();

  size_t plans() const { return plans_.size(); }
  const RelayPlan& plan(size_t index) const { return plans_[index]; }
  uint16_t port(size_t index) const;

 private:
  // One end of a connection, with the bytes that it has not been sent yet.
  struct End {
    UniqueFd fd{};
    std::string out{};
    size_t passed = 0;          // bytes that were written to it
    bool sent_end = false;      // it has ended its stream
    bool receives_end = false;  // its stream ends after `out`
    bool drops = false;         // it is sent nothing more
  };

  struct Link {
    const RelayPlan& plan;
    End client{}, server{};
    std::string request{};  // to the proxy
    int proxy_answers = 0;  // that were sent
    bool silent = false;
    bool gone = false;
  };

  void Run();
  void Accept(size_t index);
  void Read(Link& link, End& from, End& to);
  void Write(Link& link, End& to);
  void Receive(Link& link, absl::string_view bytes);
  void Fail(Link& link, End& to);

  const SocketAddress server_;
  const std::vector<RelayPlan> plans_;
  const std::function<void()> on_idle_;
  std::vector<UniqueFd> listeners_;
  std::list<Link> links_;
  Notification stop_;
  std::thread thread_;
};

}  // namespace weft::testing

#endif  // WEFT_CLIENT_ASYNC_TESTING_FAULTY_RELAY_H_
