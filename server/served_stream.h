// The stream of one client of a worker, in each of its phases.

#ifndef WEFT_SERVER_SERVED_STREAM_H_
#define WEFT_SERVER_SERVED_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/log.h"
#include "weft/loop/event_loop.h"
#include "weft/server/loop_context.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {

// Why a connection was accepted only to be refused.
enum class Refusal : uint8_t {
  kNone,         // it was not
  kServerFull,   // ServerLimits::max_connections
  kAddressFull,  // ServerLimits::max_connections_per_address
};

// The stream of one client, and the base of the classes that serve it: first HttpConnection, then
// ServedSession once an upgrade was accepted, then LingeringStream when the last bytes were
// written. Each hands the socket to the next, and is then destroyed. Owned by its worker; for its
// thread.
class ServedStream : public EventSource {
 public:
  // The server goes away: ends this as politely as its state allows. A session closes with `code`
  // and `reason`.
  virtual void GoAway(CloseCode code, absl::string_view reason) = 0;

  // Called at the end of a turn for which LoopContext::FlushLater() was called.
  virtual void OnEndOfTurn() {}

  // Closes the socket at once, and logs `why` unless it is empty; it must be a literal. The worker
  // destroys this at the end of the turn, after End().
  void Drop(const char* why, absl::string_view detail = "", LogLevel level = LogLevel::kInfo);

  // The memory that this stream makes the server hold, in bytes: that of Account(), and messages
  // that wait elsewhere for this stream.
  virtual size_t held_bytes() const { return buffered_bytes_; }

  // Drops this stream: all streams together hold too much memory, and this one holds most.
  virtual void OutOfMemory();

 protected:
  // The fields that one stream hands to the next.
  struct Client {
    Stream stream;
    SocketAddress peer;
    uint64_t id;  // different for every client of a server
    Refusal refusal;
  };

  ServedStream(LoopContext& context, Client client);

  // Ends the stream's output, and discards input until the peer closes, for at most two seconds, so
  // that the peer can read the last bytes: closing a socket with unread input sends a reset, which
  // overtakes them. The worker destroys this as after Drop().
  void Linger();

  // Whether this owns the socket: it was neither dropped nor handed on.
  bool holds_stream() const { return stream_.is_open(); }

  // Hands the socket to a new `Next`, which is constructed from the context, the client and
  // `arguments`, and waits for input. The worker destroys this as after Drop().
  template <typename Next, typename... Arguments>
  Next* HandTo(Arguments&&... arguments) {
    auto* const next = new Next(context_, TakeClient(), std::forward<Arguments>(arguments)...);
    ReplaceBy(std::unique_ptr<ServedStream>(next));
    return next;
  }

  // This holds `bytes` of buffers from now on; Drop() and HandTo() account for their release. If
  // all streams then hold more than ServerLimits::max_buffered_bytes, the one that holds most is
  // dropped. False if that was this one.
  bool Account(size_t bytes);

  // The peer is a proxy, and has named its client, which is the peer, and counts, from now on.
  // False if the address of the client has too many connections: this is then one that is refused,
  // or was dropped.
  bool SetPeer(const SocketAddress& client);

  // Sets what the loop waits for.
  void SetInterest(Poller::Interest interest);

  LoopContext& context_;
  [[no_unique_address]] Stream stream_;
  Poller::Interest interest_ = Poller::kRead;
  Refusal refusal_;
  uint32_t index_ = 0;           // among the worker's streams
  uint32_t buffered_bytes_ = 0;  // of Account(); at most 4 GiB
  const uint64_t id_;
  SocketAddress peer_;

 private:
  friend class Worker;

  // Whether Drop() logs. A session logs its end itself; after that, Drop() logs why the end was not
  // orderly.
  virtual bool LogsDrop() const { return true; }

  // The socket was closed, and `why` is the argument of Drop(), or it was handed on. Must not call
  // the application.
  virtual void OnGone(const char* /*why*/) {}

  // Called once, at the end of the turn of OnGone(). False: this must not be destroyed before it
  // calls StreamOwner::Destroy().
  virtual bool End() { return true; }

  Client TakeClient() { return {std::move(stream_), peer_, id_, refusal_}; }
  void ReplaceBy(std::unique_ptr<ServedStream> next);
  void ReleaseBuffers();
};

}  // namespace weft

#endif  // WEFT_SERVER_SERVED_STREAM_H_
