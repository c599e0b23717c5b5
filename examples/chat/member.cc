#include "examples/chat/member.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/chat/login/login.h"
#include "examples/chat/messages.h"
#include "examples/chat/room.h"
#include "examples/chat/text.h"
#include "weft/server/server.h"

namespace weft::chat {
namespace {

// The room of a member, by its name.
struct Place {
  RunningServer* server;
  Room& room;
  std::string name;
  std::function<void(absl::string_view)> on_line;
};

// Shared by both kinds of members.
class Member : public Handler {
 public:
  explicit Member(Place place) : place_(std::move(place)) {}

  void OnOpen(Session& session) override { CallRollLater(session); }

  // Messages that arrive after a Close was sent are ignored: the client sends them again.
  void OnMessage(Session& session, const Message& message) final {
    if (ended_) return;
    if (!message.is_text()) return End(session, CloseCode::kUnsupportedData, "the chat is text");
    OnText(session, message.payload);
  }

  void OnClose(Session& session, const CloseInfo& /*info*/) override {
    room().Leave(session.id());
    TellNews(session);
  }

 protected:
  virtual void OnText(Session& session, absl::string_view text) = 0;

  Room& room() { return place_.room; }
  const std::string& room_name() const { return place_.name; }

  // Tells the pages of all nodes who is in the room, if there is something to tell. A page that
  // reads slowly gets the last list of each node.
  void TellNews(Session& session) {
    const std::optional<People> news = room().News(absl::Now());
    if (!news.has_value()) return;
    PublishHint(session, Encode(*news), absl::StrCat("people/", news->node));
  }

  // The same after a change, which News() may keep back for a while.
  void TellChange(Session& session) {
    TellNews(session);
    session.RunAfter(kNewsPause, [this](Session& session) { TellNews(session); }).IgnoreError();
  }

  // A page does without it, or gets it again soon.
  void PublishHint(Session& session, absl::string_view message, absl::string_view key) {
    session.Publish(PeopleOf(room_name()), Opcode::kText, message, {.key = key}).IgnoreError();
  }

  // To the members of all nodes: to terminals `text`, and to pages `line`, if there is one. A
  // client whose line was not stored in both topics, or may not have been, is disconnected; a page
  // then reconnects and sends the line again, with the same id. Pages get the line last: a page
  // that has got its line back does not send it again. The session may have ended by then.
  void PublishLine(Session& session, absl::string_view text, std::optional<Line> line) {
    session.Publish(PlainOf(room_name()), Opcode::kText, text, {},
                    [place = place_, line = std::move(line),
                     ref = session.ref()](const absl::StatusOr<Position>& stored) {
                      if (!stored.ok()) return Disconnect(ref);
                      if (line.has_value()) PublishToPages(place, *line, ref);
                    });
  }

  void Log(absl::string_view line) const { place_.on_line(line); }

  void End(Session& session, CloseCode code, absl::string_view why) {
    ended_ = true;
    session.Close(code, why).IgnoreError();
  }

 private:
  static void PublishToPages(const Place& place, const Line& line, const SessionRef& ref) {
    const absl::StatusOr<EncodedMessage> message =
        EncodedMessage::Make(Opcode::kText, Encode(line));
    if (!message.ok()) return Disconnect(ref);
    place.server->Publish(
        LinesOf(place.name), *message, {},
        [room = &place.room, id = line.id, ref](const absl::StatusOr<Position>& stored) {
          if (stored.ok()) return room->Stored(id);
          Disconnect(ref);
        });
  }

  static void Disconnect(const SessionRef& ref) {
    ref.Close(CloseCode::kTryAgainLater, "the room cannot store lines now").IgnoreError();
  }

  void CallRollLater(Session& session) {
    session
        .RunAfter(kRollCall,
                  [this](Session& session) {
                    TellNews(session);
                    CallRollLater(session);
                  })
        .IgnoreError();
  }

  const Place place_;
  bool ended_ = false;
};

class PlainMember : public Member {
 public:
  using Member::Member;

  void OnOpen(Session& session) override {
    Member::OnOpen(session);
    const absl::Status status = room().EnterPlain(session.id());
    if (!status.ok()) return End(session, CloseCode::kTryAgainLater, status.message());
    session.Subscribe(PlainOf(room_name())).IgnoreError();
    TellChange(session);
  }

  void OnTopic(Session& session, absl::string_view topic, const TopicEvent& event) override {
    joined_ = true;
    for (const std::string& text : std::exchange(early_, {})) Say(session, text);
    Handler::OnTopic(session, topic, event);  // closes after a gap, which a terminal cannot show
  }

 private:
  void OnText(Session& session, absl::string_view text) override {
    if (text.size() > kMaxTextBytes) {
      End(session, CloseCode::kMessageTooBig,
          absl::StrCat("a line has at most ", kMaxTextBytes, " bytes"));
    } else if (joined_) {
      Say(session, text);
    } else if (early_.size() < kMaxEarly) {
      early_.emplace_back(text);
    } else {
      End(session, CloseCode::kTryAgainLater, "the room is away");
    }
  }

  void Say(Session& session, absl::string_view text) {
    std::optional<Line> line = room().SayPlain(session.id(), text, absl::Now());
    if (line.has_value()) Log(line->text);
    PublishLine(session, text, std::move(line));
  }

  // Lines of before the subscription has begun: their sender would not get them.
  std::vector<std::string> early_;
  bool joined_ = false;
};

class Page : public Member {
 public:
  // `account` is none for a guest.
  explicit Page(Place place, std::optional<Account> account = std::nullopt)
      : Member(std::move(place)), account_(std::move(account)) {}

  // A page that comes back continues where it was, on whatever node. A newcomer, or one that has a
  // gap, gets the last lines that are kept.
  void OnTopic(Session& session, absl::string_view topic, const TopicEvent& event) override {
    const std::string lines = LinesOf(room_name());
    if (topic != lines) return;
    if (event.type == TopicEvent::Type::kGap && back_ == kShownLines) {
      room().ForgetStored();
      Tell(session, EncodeGap(GapReasonName(event.reason)));
    }
    Position from = event.position;
    if (event.type == TopicEvent::Type::kResumed || back_ == 0 || from.offset == 0) {
      back_ = kShownLines;
      return Tell(session, EncodeAt(from.ToString()));
    }
    // Subscribes again from `back_` lines earlier. If the topic does not keep that many, the answer
    // is a gap, which comes here again, and half as many are tried.
    from.offset -= std::min<uint64_t>(from.offset, back_);
    back_ /= 2;
    session.Unsubscribe(lines);
    session.Subscribe(lines, {.since = from.ToString()}).IgnoreError();
  }

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
    const absl::StatusOr<Welcome> welcome =
        room().Enter(session.id(), hello, account_.has_value() ? account_->key : "");
    if (!welcome.ok()) return Full(session, hello, welcome.status().message());
    if (!session.Subscribe(LinesOf(room_name()), {.since = hello.since}).ok()) {
      return Refuse(session, "\"since\" should be a position");
    }
    session.Subscribe(PeopleOf(room_name())).IgnoreError();
    entered_ = true;
    Tell(session, Encode(*welcome));
    TellChange(session);
    Tell(session, Encode(room().people()));
  }

  void On(Session& session, Say& say) {
    if (!entered_) return RefuseBeforeHello(session);
    absl::StatusOr<std::string> text = CleanParagraphs(say.text);
    if (!text.ok()) return Tell(session, EncodeError(text.status().message(), say.n));
    say.text = *std::move(text);
    std::optional<Line> line = room().Say(session.id(), say, absl::Now());
    if (!line.has_value()) return;
    const std::string plain = absl::StrCat(line->name, ": ", OneLine(line->text));
    Log(plain);
    PublishLine(session, plain, std::move(line));
  }

  void On(Session& session, Typing&) {
    if (!entered_) return RefuseBeforeHello(session);
    const std::optional<PersonName> who = room().Types(session.id(), absl::Now());
    if (!who.has_value()) return;
    PublishHint(session, EncodeTyping(*who), absl::StrCat("typing/", who->person));
  }

  void On(Session& session, Rename& rename) {
    if (!entered_) return RefuseBeforeHello(session);
    const absl::StatusOr<std::string> name = CleanName(rename.name);
    if (!name.ok()) return Tell(session, EncodeError(name.status().message()));
    room().Rename(session.id(), *name);
    TellChange(session);
  }

  void On(Session& session, Ping&) { Tell(session, EncodePong()); }

  static void Tell(Session& session, absl::string_view message) {
    session.SendText(message).IgnoreError();
  }

  // A newcomer may want to try again. A page that comes back has lines to get and perhaps to send:
  // it should go to another node, as it does when the connection ends.
  void Full(Session& session, const Hello& hello, absl::string_view why) {
    if (hello.since.empty() && hello.called.empty()) return Tell(session, EncodeError(why));
    End(session, CloseCode::kTryAgainLater, why);
  }

  // For errors that a person cannot cause: the client is broken, and would fail again.
  void Refuse(Session& session, absl::string_view why) {
    End(session, CloseCode::kPolicyViolation, why);
  }
  void RefuseBeforeHello(Session& session) { Refuse(session, "a page must say hello first"); }

  const std::optional<Account> account_;
  bool entered_ = false;
  uint64_t back_ = kShownLines;  // how many lines of the past to ask for next
};

}  // namespace

Acceptor MemberAcceptor(Rooms& rooms, Accounts& accounts,
                        std::function<void(absl::string_view)> on_line, absl::string_view prefix) {
  return [&rooms, &accounts, on_line = std::move(on_line), no_cookie = NoCookie(prefix)](
             const SessionRequest& request,
             UpgradeResponse& response) -> absl::StatusOr<std::unique_ptr<Handler>> {
    const absl::string_view name = request.path("id").value_or("");
    const absl::StatusOr<Room*> room = rooms.Find(name);
    if (!room.ok()) return room.status();
    const Place place = {request.server, **room, std::string(name), on_line};
    const auto& offered = request.subprotocols;
    if (std::find(offered.begin(), offered.end(), kSubprotocol) == offered.end()) {
      return std::make_unique<PlainMember>(place);
    }
    const std::optional<absl::string_view> token = request.cookie(kCookie);
    if (!token.has_value()) {
      response.subprotocol = kSubprotocol;
      return std::make_unique<Page>(place);
    }
    accounts.Find(std::string(*token), [answer = request.AnswerLater(), place,
                                        no_cookie](absl::StatusOr<std::optional<Account>> account) {
      if (!account.ok()) return answer.Refuse(account.status());
      UpgradeResponse response = {.subprotocol = kSubprotocol};
      if (!account->has_value()) response.headers.push_back({"Set-Cookie", no_cookie});
      answer.Accept(std::make_unique<Page>(place, *std::move(account)), std::move(response));
    });
    return nullptr;  // is ignored
  };
}

}  // namespace weft::chat
