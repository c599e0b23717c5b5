// The threads of asynchronous clients.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_LOOP_H_
#define WEFT_CLIENT_ASYNC_CLIENT_LOOP_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/async/async_reconnect_options.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/client_metrics.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/host_turns.h"
#include "weft/client/async/reconnect_handler.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/connecting/client_options.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/thread_pool.h"

namespace weft {

class ClientWorker;

// Runs many connections on a few threads: its own, or the caller's. Reconnect() is for connections
// that are to last, and Connect() for one that the application watches itself.
//
//   class Printer : public weft::ClientHandler {
//     void OnMessage(weft::AsyncClient&, const weft::Message& message) override {
//       std::cout << message.payload << "\n";
//     }
//   };
//   auto loop = weft::ClientLoop::Create();
//   if (!loop.ok()) return loop.status();
//   weft::ClientRef feed = (*loop)->Connect("wss://example.com/", {}, std::make_unique<Printer>());
//
// Every method but Run() may be called by any thread, also by handlers; the destructor by none of
// the loop's own.
class ClientLoop {
 public:
  // InvalidArgument for options out of their range, Unavailable if the system has no more threads
  // or descriptors.
  static absl::StatusOr<std::unique_ptr<ClientLoop>> Create(ClientLoopOptions options = {});

  // Ends each connection without a closing handshake, with one call of OnClose, or of OnFailed if
  // it was not open, and each client that reconnects with one call of OnEnd; waits for its threads.
  // Run() must have returned.
  ~ClientLoop();
  ClientLoop(const ClientLoop&) = delete;
  ClientLoop& operator=(const ClientLoop&) = delete;

  // Opens a connection, in the same steps and with the same options and errors as
  // Client::Connect(), and returns at once: the handler's OnOpen() or OnFailed() follows. Of
  // `options` these have no effect: timeouts.send, cancel (see ClientRef::Close()),
  // connection.pool and connection.codecs.
  //
  // Once the loop has ended, this call itself calls OnFailed(), with Cancelled, and destroys the
  // handler before it returns. Made inside such an OnFailed(), it destroys the handler without a
  // call, so that a handler that always connects again does not do so without end.
  ClientRef Connect(absl::string_view url, ClientOptions options,
                    std::unique_ptr<ClientHandler> handler);

  // Opens a connection, and a new one each time that it is lost or an attempt fails, as
  // ReconnectingClient does: RetryOptions say when it waits for how long, and when it gives up. At
  // most ClientLoopOptions::max_attempts_per_host of them connect to one host at a time; the wait
  // for the others does not count as part of timeouts.connect. Returns at once; all connections are
  // on one thread. Once the loop has ended, OnEnd() is called, or not called, as OnFailed() by
  // Connect().
  ReconnectRef Reconnect(absl::string_view url, AsyncReconnectOptions options,
                         std::unique_ptr<ReconnectHandler> handler);

  // Closes the present connections with 1001, one after the other at random moments during `time`;
  // 0: at once. Each has ClientTimeouts::close for its handshake. Those that are not open yet, and
  // all later ones, fail, and no client reconnects. Returns at once: see connections().
  void Drain(absl::Duration time);

  // The number of connections that have not ended, from Connect() on, and of clients that wait to
  // reconnect.
  size_t connections() const;

  // Counters since the start, and current values. WriteMetrics() writes them for Prometheus.
  ClientMetrics metrics() const;

  // With ClientLoopOptions::threads == 0: runs the connections on the caller's thread, until Stop()
  // is called; all connections have ended then. Call it once.
  void Run();

  // Ends each connection as the destructor does, without waiting. With threads == 0, Run() returns.
  void Stop();

 private:
  friend class ClientLoopAccess;

  explicit ClientLoop(ClientLoopOptions options);

  ClientWorker& NextWorker();
  ClientRef ConnectOn(ClientWorker& worker, absl::string_view url, ClientOptions options,
                      std::unique_ptr<ClientHandler> handler);

  const ClientLoopOptions options_;
  ExceptionGuard guard_;
  AddressLookup lookup_;
  HostTurns turns_;
  std::vector<std::unique_ptr<ClientWorker>> workers_;
  std::atomic<size_t> next_{0};
  bool ran_ = false;                     // Run() was called
  std::unique_ptr<ThreadPool> threads_;  // last member: its threads run the workers
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_LOOP_H_
