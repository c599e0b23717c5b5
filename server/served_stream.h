// One client of a worker, whatever is spoken with it.

#ifndef WEFT_SERVER_SERVED_STREAM_H_
#define WEFT_SERVER_SERVED_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/moment.h"
#include "weft/server/loop_context.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {

// Why a connection was accepted only to be refused.
enum class Refusal : uint8_t {
  kNone,         // it is not to be refused
  kServerFull,   // ServerLimits::max_connections
  kAddressFull,  // ServerLimits::max_connections_per_address
};

// The stream of one client and who speaks on it: an HttpConnection first, a Session once that has
// accepted an upgrade, a LingeringStream when all is said. One hands the stream to the next and
// goes. Owned by its worker, on whose thread everything happens.
class ServedStream : public EventSource {
 public:
  // The worker wants this to end: as politely as the state allows, where a session says this.
  virtual void GoAway(CloseCode code, absl::string_view reason) = 0;

  // Called at the end of a turn for which LoopContext::FlushLater() was called.
  virtual void OnEndOfTurn() {}

  // Closes the socket at once, and logs why unless `why` is empty; it must live for ever. The
  // worker destroys this at the end of the turn, after End().
  void Drop(const char* why, absl::string_view detail = "");

  // How much memory this makes the server hold, in bytes: what Account() was told, and what is on
  // its way to this or waits elsewhere because of it.
  virtual size_t held_bytes() const { return buffered_bytes_; }

  // All streams together hold too much, and this one the most: drops it.
  virtual void OutOfMemory();

 protected:
  // What one hands to the next.
  struct Client {
    Stream stream;
    SocketAddress peer;
    uint64_t id;  // different for every client of a server
    Refusal refusal;
  };

  ServedStream(LoopContext& context, Client client);

  // Whether the stream is this one's: it was neither dropped nor handed on.
  bool holds_stream() const { return stream_.is_open(); }

  // Hands the stream to a `Next`, which is made of the context, the client and `arguments`, and
  // waits for what can be read. The worker destroys this as after Drop().
  template <typename Next, typename... Arguments>
  Next* HandTo(Arguments&&... arguments) {
    auto* const next = new Next(context_, TakeClient(), std::forward<Arguments>(arguments)...);
    ReplaceBy(std::unique_ptr<ServedStream>(next));
    return next;
  }

  // This holds `bytes` of buffers from now on; Drop() and HandTo() account for their release. Where
  // all streams then hold more than ServerLimits::max_buffered_bytes, the one that holds most is
  // dropped. False if that was this one.
  bool Account(size_t bytes);

  // What the loop waits for.
  void SetInterest(Poller::Interest interest);

  LoopContext& context_;
  [[no_unique_address]] Stream stream_;
  Poller::Interest interest_ = Poller::kRead;
  Refusal refusal_;
  uint32_t index_ = 0;           // among the worker's
  uint32_t buffered_bytes_ = 0;  // as the worker knows it: at most 4 GiB
  Moment since_;                 // when what it is doing began; a session: when it, or its end, did
  const uint64_t id_;
  const SocketAddress peer_;

 private:
  friend class Worker;
  friend void Linger(ServedStream& stream);

  // Whether Drop() logs. A session logs its end itself, and only what keeps that from being orderly
  // is left to Drop().
  virtual bool LogsDrop() const { return true; }

  // The stream was closed, for the reason that Drop() had, or handed on. The application must not
  // be called by this one.
  virtual void OnGone(const char* /*why*/) {}

  // Called once, at the end of the turn in which that happened. False: it must not be destroyed
  // yet, and will say when by Worker::Destroy.
  virtual bool End() { return true; }

  Client TakeClient() { return {std::move(stream_), peer_, id_, refusal_}; }
  void ReplaceBy(std::unique_ptr<ServedStream> next);
  void ReleaseBuffers();
};

}  // namespace weft

#endif  // WEFT_SERVER_SERVED_STREAM_H_
