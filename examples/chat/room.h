// The chat room: who is in it, and what was said.

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

// Of so many senders the room remembers how far it has heard them. When there are more, those go
// first that left the longest time ago.
inline constexpr size_t kKeptSenders = 10000;

using MemberId = uint64_t;

// Where goes what the room says.
class Audience {
 public:
  virtual ~Audience() = default;
  virtual void Send(absl::Span<const MemberId> to, absl::string_view message) = 0;

  // The same for what is of no use later: may be dropped, or replaced by the next of this key.
  virtual void SendHint(absl::Span<const MemberId> to, absl::string_view message,
                        absl::string_view key) = 0;
};

// Members are connections: pages, which get the messages of messages.h, and plain ones, which get
// the text of lines. A person is all pages with the same key, or one plain member. Names and texts
// are clean (text.h), except those of plain members.
//
// Lines have numbers, and everybody gets them in the same order. No network, no clock, no locks:
// one thread uses it, and what it sends has to arrive in the order in which it was sent.
class Room {
 public:
  // `id` tells this run from others. `audience` must outlive the room.
  Room(std::string id, Audience& audience, size_t kept_senders = kKeptSenders)
      : id_(std::move(id)), audience_(audience), kept_senders_(kept_senders) {}

  // Sends the page a Welcome with what it has not seen. Its name gets a mark if it is taken; one
  // that comes back gets the mark that it had, so that two people of one name are not exchanged.
  void Enter(MemberId page, const Hello& hello);

  // A plain member has no way to say its name: it is "guest 1", and so on.
  void EnterPlain(MemberId plain);

  // What is said by, and happens to, one who is not in the room has no effect.
  void Leave(MemberId member);

  // A line from a page, or from a plain member: what the others are shown, if they are. Plain
  // members get a page's line with its name, and without its line breaks: a terminal shows a
  // message on one line. A line that the room has heard before is not shown again; a plain one
  // without any text goes to plain members only, as all they say does, byte for byte.
  std::optional<std::string> Say(MemberId page, const Say& line, absl::Time now);
  std::optional<std::string> SayPlain(MemberId plain, absl::string_view text, absl::Time now);

  void Type(MemberId page);
  void Rename(MemberId page, absl::string_view name);

 private:
  struct Person {
    std::string key{};     // empty: a plain member
    std::string wanted{};  // the name that was asked for
    std::string name{};    // different from all others
    size_t members = 0;
  };
  using People = std::list<Person>;

  struct Sender {
    std::string key{};
    uint64_t heard = 0;    // n of its last line
    size_t pages = 0;      // in the room: two while the room has not noticed that one is dead
    uint64_t left_as = 0;  // when the last of them left, by departures_
  };

  struct Member {
    People::iterator person{};
    std::string sender{};  // empty: a plain member

    bool is_page() const { return !sender.empty(); }
  };

  struct Kept {
    Line line{};
    std::string key{};  // of the person who said it
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
  People people_;  // in the order in which they came
  std::map<MemberId, Member> members_;
  absl::flat_hash_map<std::string, Sender> senders_;
  uint64_t departures_ = 0;
  std::deque<Kept> lines_;
  uint64_t last_number_ = 0;
  uint64_t guests_ = 0;
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_ROOM_H_
