// The interface that an application implements: one object for each session.

#ifndef WEFT_SERVER_HANDLER_H_
#define WEFT_SERVER_HANDLER_H_

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/message.h"
#include "weft/server/topics/topic_event.h"

namespace weft {

class LoopHandler;
class LoopSession;
class Session;

// The application's side of one session; its fields are the session's state. Made by the Acceptor
// and owned by the session. Its methods, and the callbacks of its timers and posts, are called one
// at a time, so it needs no locks of its own. By default the session's loop calls them, and a
// callback must not block: every session of the loop waits for it. With
// ServerOptions::handler_threads a thread of the pool calls them, not always the same one, and a
// callback may block (docs/handlers.md); the thread that calls OnClose then destroys the handler.
class Handler {
 public:
  virtual ~Handler() = default;

  // The upgrade was accepted: messages can be sent from now on.
  virtual void OnOpen(Session& /*session*/) {}

  virtual void OnMessage(Session& session, const Message& message) = 0;

  // There is room to send again. Called when the session's queue has shrunk to
  // ServerSending::low_mark_bytes, after it had grown to sending.high_mark_bytes or a send was
  // refused because there was no room. A handler with much to send sends until queued_bytes() is at
  // the high mark, and continues here.
  virtual void OnWritable(Session& /*session*/) {}

  // An event of a topic to which the session is subscribed, and which a broker carries
  // (TopicOptions::shared, latest_only, history): it has joined, the subscription has resumed where
  // SubscribeOptions::since said, or messages are missing. The messages after the event's position
  // reach the client after everything that is sent here: so the handler can tell the client the
  // position, from which it counts. With handler threads it may be called once more after
  // Unsubscribe(). By default a gap closes the session with 1013 (try again later), so that its
  // client comes back and loads everything again, unless only the latest message counts. The
  // exception is the reason kRefused, of any topic: the session is not subscribed, and by default
  // nothing happens. The log has a line of it, at most once a second from each loop.
  virtual void OnTopic(Session& session, absl::string_view topic, const TopicEvent& event);

  // The session has ended, whatever ended it: called exactly once after OnOpen, and nothing after
  // it. Sending has no effect any more.
  virtual void OnClose(Session& /*session*/, const CloseInfo& /*info*/) {}

 private:
  friend class LoopHandler;
  friend class ServedSession;

  virtual LoopHandler* AsLoopHandler() { return nullptr; }
};

// A handler of the library that never blocks: the session's loop calls it even if there are handler
// threads. If the client closes, OnClose is called at once, whatever the handler has not answered.
class LoopHandler : public Handler {
 public:
  // Called before OnOpen, unless another Handler of the application wraps this one.
  virtual void Attach(LoopSession& session) = 0;

  // The client has answered an empty ping: Session::round_trip_time() has changed.
  virtual void OnRoundTrip() = 0;

 private:
  LoopHandler* AsLoopHandler() final { return this; }
};

// ---- For Acceptor ----

namespace internal {

// Whether a method overrides the one of Handler that has these parameters.
template <typename Method, typename... Parameters>
inline constexpr bool kOverrides = false;
template <typename Class, typename... Parameters>
inline constexpr bool kOverrides<void (Class::*)(Parameters...), Parameters...> = true;
template <typename Class, typename... Parameters>
inline constexpr bool kOverrides<void (Class::*)(Parameters...) noexcept, Parameters...> = true;

// Finds methods that look like Handler's and would never be called, unless they are private or
// overloaded.
template <typename H>
constexpr void CheckHandler() {
  if constexpr (requires { &H::OnOpen; }) {
    static_assert(kOverrides<decltype(&H::OnOpen), Session&>,
                  "weft: a handler's OnOpen must be void OnOpen(weft::Session&), not const");
  }
  if constexpr (requires { &H::OnMessage; }) {
    static_assert(kOverrides<decltype(&H::OnMessage), Session&, const Message&>,
                  "weft: a handler's OnMessage must be void OnMessage(weft::Session&, "
                  "const weft::Message&), not const");
  }
  if constexpr (requires { &H::OnWritable; }) {
    static_assert(
        kOverrides<decltype(&H::OnWritable), Session&>,
        "weft: a handler's OnWritable must be void OnWritable(weft::Session&), not const");
  }
  if constexpr (requires { &H::OnTopic; }) {
    static_assert(kOverrides<decltype(&H::OnTopic), Session&, absl::string_view, const TopicEvent&>,
                  "weft: a handler's OnTopic must be void OnTopic(weft::Session&, "
                  "absl::string_view, const weft::TopicEvent&), not const");
  }
  if constexpr (requires { &H::OnClose; }) {
    static_assert(kOverrides<decltype(&H::OnClose), Session&, const CloseInfo&>,
                  "weft: a handler's OnClose must be void OnClose(weft::Session&, "
                  "const weft::CloseInfo&), not const");
  }
}

}  // namespace internal

}  // namespace weft

#endif  // WEFT_SERVER_HANDLER_H_
