// The chat room: its members and its lines.

#ifndef EXAMPLES_CHAT_ROOM_H_
#define EXAMPLES_CHAT_ROOM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/chat/messages.h"

namespace weft::chat {

inline constexpr size_t kKeptLines = 100;

// The number of senders whose last received line the room remembers. If there are more, those who
// left first are forgotten.
inline constexpr size_t kKeptSenders = 10000;

using MemberId = uint64_t;

// The receiver of the room's messages.
class Audience {
 public:
  virtual ~Audience() = default;
  virtual void Send(absl::Span<const MemberId> to, absl::string_view message) = 0;

  // The same for a message without later use: it may be dropped, or replaced by the next one with
  // this key.
  virtual void SendHint(absl::Span<const MemberId> to, absl::string_view message,
                        absl::string_view key) = 0;
};

// Members are connections: pages, which get the messages of messages.h, and plain ones, which get
// the text of lines. A person is all pages with the same key, or one plain member. Names and texts
// are clean (text.h), except those of plain members.
//
// Lines have numbers, and all members get them in the same order. No network, no clock, no locks:
// one thread uses it, and its messages must be delivered in the order in which it sends them.
class Room {
 public:
  // `id` identifies this run of the server. `audience` must outlive the room.
  Room(std::string id, Audience& audience, size_t kept_senders = kKeptSenders)
      : id_(std::move(id)), audience_(audience), kept_senders_(kept_senders) {}

  // Sends the page a Welcome with the lines it has not seen. Its name gets a mark if it is taken; a
  // page that reconnects gets its old mark, so that two people with one name are not confused.
  void Enter(MemberId page, const Hello& hello);

  // A plain member cannot choose a name: it is "guest 1", and so on.
  void EnterPlain(MemberId plain);

  // Calls for someone who is not in the room have no effect.
  void Leave(MemberId member);

  // A line from a page, or from a plain member; the result is the text shown to the others, if it
  // is shown. Plain members get a page's line with its name, and without line breaks: a terminal
  // shows a message on one line. A line that the room has already received is not shown again; a
  // plain one without any text goes only to plain members, byte for byte, like all their lines.
  std::optional<std::string> Say(MemberId page, const Say& line, absl::Time now);
  std::optional<std::string> SayPlain(MemberId plain, absl::string_view text, absl::Time now);

  void Type(MemberId page);
  void Rename(MemberId page, absl::string_view name);

 private:
  struct Person {
    std::string key{};     // empty: a plain member
    std::string wanted{};  // the requested name
    std::string name{};    // unique
    size_t members = 0;
  };
  using People = std::list<Person>;

  struct Sender {
    std::string key{};
    uint64_t heard = 0;    // n of its last line
    size_t pages = 0;      // in the room: two until the room notices that one is dead
    uint64_t left_as = 0;  // when the last of them left, in departures_
  };

  struct Member {
    People::iterator person{};
    std::string sender{};  // empty: a plain member

    bool is_page() const { return !sender.empty(); }
  };

  struct Kept {
    Line line{};
    std::string key{};  // of the line's sender
  };

  void Add(MemberId id, People::iterator person, std::string sender);
  People::iterator AddPerson(std::string key, absl::string_view wanted,
                             absl::string_view called = {});
  void Rename(Person& person, absl::string_view wanted);
  bool IsTaken(absl::string_view name, const Person* self = nullptr) const;
  std::string FreeName(absl::string_view wanted, const Person* self = nullptr) const;
  bool TakeSender(const Hello& hello);
  Member* FindPage(MemberId id);
  Welcome WelcomeOf(const Hello& hello, const Person& person) const;
  void Keep(Line line, const Person& person);

  template <typename Which>
  std::vector<MemberId> All(Which which) const;
  std::vector<MemberId> Pages() const;
  std::vector<MemberId> PagesOf(const Person& person) const;
  std::vector<MemberId> PagesOfOthers(const Person& person) const;
  std::vector<MemberId> PlainMembers() const;

  const std::string id_;
  Audience& audience_;
  const size_t kept_senders_;
  People people_;  // in the order of their arrival
  std::map<MemberId, Member> members_;
  absl::flat_hash_map<std::string, Sender> senders_;
  uint64_t departures_ = 0;
  std::deque<Kept> lines_;
  uint64_t last_number_ = 0;
  uint64_t guests_ = 0;
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_ROOM_H_
