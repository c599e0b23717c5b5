// Two Connections that talk to each other in memory.

#ifndef WEFT_TESTING_CONNECTION_PAIR_H_
#define WEFT_TESTING_CONNECTION_PAIR_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "weft/core/connection.h"
#include "weft/core/event.h"
#include "weft/loop/clock.h"
#include "weft/testing/wire.h"

namespace weft::testing {

// A client's and a server's Connection, open, and a Wire for each direction. Compression is used
// where the options of both allow it. Not thread-safe.
//
//   ConnectionPair pair;
//   pair.to_server().SplitInto(1);
//   pair.client().SendText("Hello").IgnoreError();
//   pair.Run();
//   EXPECT_THAT(pair.TakeServerEvents(), ElementsAre("text Hello"));
class ConnectionPair {
 public:
  // `clock` is needed for Wire::DelayBy only, and must outlive the pair.
  explicit ConnectionPair(const ConnectionOptions& client = {},
                          const ConnectionOptions& server = {}, const Clock* clock = nullptr);

  Connection& client() { return client_.connection; }
  Connection& server() { return server_.connection; }
  Wire& to_server() { return to_server_; }
  Wire& to_client() { return to_client_; }

  // Called with each event, as it is delivered: to answer it, for example. The event's payload is a
  // view that is valid until the call returns.
  using OnEvent = std::function<void(Connection& connection, const Event& event)>;
  void set_on_client_event(OnEvent on_event) { client_.on_event = std::move(on_event); }
  void set_on_server_event(OnEvent on_event) { server_.on_event = std::move(on_event); }

  // Carries bytes both ways, and delivers events, until nothing more arrives. An end that is done()
  // ends its stream.
  void Run();

  // Resets the connection: both ends lose what they have not read. Run() then tells them.
  void Reset();

  // The events since the last call, as Describe (core/testing/feed.h) puts them: "text Hello".
  std::vector<std::string> TakeClientEvents() { return std::exchange(client_.events, {}); }
  std::vector<std::string> TakeServerEvents() { return std::exchange(server_.events, {}); }

 private:
  struct End {
    End(Role role, const ConnectionOptions& options) : connection(role, options) {}

    Connection connection;
    OnEvent on_event;
    std::vector<std::string> events;
    bool saw_end = false;
  };

  static void Deliver(End& end);
  static void Write(End& end, Wire& out);
  static bool Step(End& end, Wire& in, Wire& out);

  End client_;
  End server_;
  Wire to_server_;
  Wire to_client_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTING_CONNECTION_PAIR_H_
