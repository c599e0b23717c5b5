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

// Shared by both kinds of members.
class Member : public Handler {
 public:
  explicit Member(RoomThread& room) : room_(room) {}

  // Messages that arrive after a Close was sent are ignored. Otherwise the room would treat a line
  // as received although it refused the line before it.
  void OnMessage(Session& session, const Message& message) final {
    if (ended_) return;
    if (!message.is_text()) return End(session, CloseCode::kUnsupportedData, "the chat is text");
    OnText(session, message.payload);
  }

  void OnClose(Session& session, const CloseInfo& /*info*/) override {
    room_.Post(session.id(), RoomThread::Leave());
  }

 protected:
  virtual void OnText(Session& session, absl::string_view text) = 0;

  // A page that is disconnected reconnects later, and loses nothing.
  void Post(Session& session, RoomThread::What what) {
    if (room_.Post(session.id(), std::move(what))) return;
    End(session, CloseCode::kTryAgainLater, "the room is too busy");
  }

  void End(Session& session, CloseCode code, absl::string_view why) {
    ended_ = true;
    session.Close(code, why).IgnoreError();
  }

  RoomThread& room() { return room_; }

 private:
  RoomThread& room_;
  bool ended_ = false;
};

class PlainMember : public Member {
 public:
  using Member::Member;

  void OnOpen(Session& session) override { Post(session, RoomThread::EnterPlain{session.ref()}); }

 private:
  void OnText(Session& session, absl::string_view text) override {
    if (text.size() > kMaxTextBytes) {
      End(session, CloseCode::kMessageTooBig, "a line has at most 4096 bytes");
    } else {
      Post(session, RoomThread::PlainText{std::string(text)});
    }
  }
};

class Page : public Member {
 public:
  using Member::Member;

 private:
  void OnText(Session& session, absl::string_view text) override {
    absl::StatusOr<PageMessage> parsed = ParsePageMessage(text);
    if (!parsed.ok()) return Refuse(session, parsed.status().message());
    std::visit([&](auto& said) { On(session, said); }, *parsed);
  }

  void On(Session& session, Hello& hello) {
    if (entered_) return Refuse(session, "a page must say hello only once");
    absl::StatusOr<std::string> name = CleanName(hello.name);
    if (!name.ok()) return Tell(session, EncodeError(name.status().message()));
    hello.name = *std::move(name);
    entered_ = true;
    Post(session, RoomThread::EnterPage{session.ref(), std::move(hello)});
  }

  void On(Session& session, Say& say) {
    if (!entered_) return RefuseBeforeHello(session);
    absl::StatusOr<std::string> text = CleanParagraphs(say.text);
    if (!text.ok()) return Tell(session, EncodeError(text.status().message(), say.n));
    say.text = *std::move(text);
    Post(session, std::move(say));
  }

  void On(Session& session, Typing& typing) {
    if (!entered_) return RefuseBeforeHello(session);
    room().Post(session.id(), typing);  // optional: it may be lost
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

  // For errors that a person cannot cause: the client is broken, and would fail again.
  void Refuse(Session& session, absl::string_view why) {
    End(session, CloseCode::kPolicyViolation, why);
  }
  void RefuseBeforeHello(Session& session) { Refuse(session, "a page must say hello first"); }

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
