#include "examples/chat/member.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/chat/messages.h"
#include "examples/chat/text.h"
#include "weft/server/server.h"

namespace weft::chat {
namespace {

// A handler that is in the room from some moment on.
class Member : public Handler {
 public:
  explicit Member(RoomThread& room) : room_(room) {}

  void OnClose(Session& session, CloseCode /*code*/, absl::string_view /*reason*/) override {
    room_.Post(session.id(), RoomThread::Leave());
  }

 protected:
  // A page that is sent away comes back later, and loses nothing by it.
  void Post(Session& session, RoomThread::What what) {
    if (room_.Post(session.id(), std::move(what))) return;
    session.Close(CloseCode::kTryAgainLater, "the room is too busy").IgnoreError();
  }

  RoomThread& room() { return room_; }

 private:
  RoomThread& room_;
};

class PlainMember : public Member {
 public:
  using Member::Member;

  void OnOpen(Session& session) override { Post(session, RoomThread::EnterPlain{session.ref()}); }

  void OnMessage(Session& session, const Message& message) override {
    if (!message.is_text()) {
      session.Close(CloseCode::kUnsupportedData, "the chat is text").IgnoreError();
    } else if (message.payload.size() > kMaxTextBytes) {
      session.Close(CloseCode::kMessageTooBig, "a line has at most 4096 bytes").IgnoreError();
    } else {
      Post(session, RoomThread::PlainText{std::string(message.payload)});
    }
  }
};

class Page : public Member {
 public:
  using Member::Member;

  void OnMessage(Session& session, const Message& message) override {
    if (!message.is_text()) {
      session.Close(CloseCode::kUnsupportedData, "the chat is text").IgnoreError();
      return;
    }
    absl::StatusOr<PageMessage> parsed = ParsePageMessage(message.payload);
    if (!parsed.ok()) return Refuse(session, parsed.status().message());
    std::visit([&](auto& said) { On(session, said); }, *parsed);
  }

 private:
  void On(Session& session, Hello& hello) {
    if (entered_) return Refuse(session, "a page says hello once");
    absl::StatusOr<std::string> name = CleanName(hello.name);
    if (!name.ok()) return Tell(session, EncodeError(name.status().message()));
    hello.name = *std::move(name);
    entered_ = true;
    Post(session, RoomThread::EnterPage{session.ref(), std::move(hello)});
  }

  void On(Session& session, Say& say) {
    if (!entered_) return RefuseBeforeHello(session);
    absl::StatusOr<std::string> text = CleanText(say.text);
    if (!text.ok()) return Tell(session, EncodeError(text.status().message(), say.n));
    say.text = *std::move(text);
    Post(session, std::move(say));
  }

  void On(Session& session, Typing& typing) {
    if (!entered_) return RefuseBeforeHello(session);
    room().Post(session.id(), typing);  // or not: it may be missed
  }

  void On(Session& session, Rename& rename) {
    if (!entered_) return RefuseBeforeHello(session);
    absl::StatusOr<std::string> name = CleanName(rename.name);
    if (!name.ok()) return Tell(session, EncodeError(name.status().message()));
    rename.name = *std::move(name);
    Post(session, std::move(rename));
  }

  void On(Session& session, Ping&) { Tell(session, EncodePong()); }

  static void Tell(Session& session, absl::string_view message) {
    session.SendText(message).IgnoreError();
  }

  // For what a person cannot cause: the page, or whatever it is, is broken, and would be next time.
  static void Refuse(Session& session, absl::string_view why) {
    session.Close(CloseCode::kPolicyViolation, why).IgnoreError();
  }
  static void RefuseBeforeHello(Session& session) { Refuse(session, "a page says hello first"); }

  bool entered_ = false;
};

}  // namespace

Acceptor MemberAcceptor(RoomThread& room) {
  return [&room](const SessionRequest& request,
                 UpgradeResponse& response) -> absl::StatusOr<std::unique_ptr<Handler>> {
    const auto& offered = request.subprotocols;
    if (std::find(offered.begin(), offered.end(), kSubprotocol) != offered.end()) {
      response.subprotocol = kSubprotocol;
      return std::make_unique<Page>(room);
    }
    return std::make_unique<PlainMember>(room);
  };
}

}  // namespace weft::chat
