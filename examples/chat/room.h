// The members of a chat room at one node: their names and their lines.

#ifndef EXAMPLES_CHAT_ROOM_H_
#define EXAMPLES_CHAT_ROOM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/chat/messages.h"

namespace weft::chat {

// The number of lines of which the room remembers that they are stored.
inline constexpr size_t kKeptIds = 10000;

// The maximum number of people of a room at one node, so that the list of them, even with the
// longest names, fits into the queue of a page (rooms.cc).
inline constexpr size_t kMaxPeople = 2000;

// How often a node tells the others who is in the room; and the least time between two lists, since
// each has all people of the node, and goes to everyone.
inline constexpr absl::Duration kRollCall = absl::Seconds(2);
inline constexpr absl::Duration kNewsPause = absl::Milliseconds(200);

// The least time between two notices that a person types a line. Pages send one every two seconds.
inline constexpr absl::Duration kTypingPause = absl::Seconds(1);

using MemberId = uint64_t;

// Members are sessions of this node: pages, and plain ones, which get the text of lines. A person
// is all pages with the same account or key, or one plain member. Names and texts are clean
// (text.h), except those of plain members.
//
// The room sends nothing: its callers publish the results to the room's topics, which gives the
// lines of all nodes one order. Thread-safe, since sessions of all loops use it. No network and no
// clock.
class Room {
 public:
  // `node` identifies this run of this server.
  explicit Room(std::string node, size_t kept_ids = kKeptIds)
      : node_(std::move(node)), kept_ids_(kept_ids) {}

  // The page's name gets a mark if another person of this node has it; a page that reconnects gets
  // its old mark if it is free, so that two people with one name are not confused. `account` is the
  // secret of a person who has logged in, instead of the page's key; empty for a guest.
  // ResourceExhausted, for the person to read, if this would be one more than kMaxPeople.
  absl::StatusOr<Welcome> Enter(MemberId page, const Hello& hello, absl::string_view account = "");

  // A plain member cannot choose a name: it is "guest 1", and so on. The same error.
  absl::Status EnterPlain(MemberId plain);

  // Calls for someone who is not in the room have no effect, and no result.
  void Leave(MemberId member);
  void Rename(MemberId page, absl::string_view name);

  // The person to name to the others as typing. None less than kTypingPause after the last time for
  // the same line, or if the page is not in the room.
  std::optional<PersonName> Types(MemberId page, absl::Time now);

  // The line to publish. None if it is stored already, as when a page that reconnects does not know
  // which of its lines arrived; or if nothing of a plain member's text can be seen.
  std::optional<Line> Say(MemberId page, const Say& line, absl::Time now);
  std::optional<Line> SayPlain(MemberId plain, absl::string_view text, absl::Time now);

  // A line is stored; and the store may have forgotten some.
  void Stored(const std::string& id);
  void ForgetStored();

  // The people of this node; and the same if they are to be published: something has changed since
  // they were last published and kNewsPause has passed, or it is time for the roll call.
  People people();
  std::optional<People> News(absl::Time now);

 private:
  struct Person {
    std::string key{};     // empty: a plain member
    std::string wanted{};  // the requested name
    PersonName shown{};    // the name is unique
    size_t members = 0;
    absl::Time typed = absl::InfinitePast();  // when Types() last had a result
  };
  using Persons = std::list<Person>;

  struct Member {
    Persons::iterator person{};
    std::string author{};  // "WRITER.SENDER" of its lines; empty: a plain member
  };

  // All with the mutex held.
  absl::Status CheckRoom() const;
  void Add(MemberId id, Persons::iterator person, std::string author);
  void Rename(Person& person, absl::string_view wanted);
  bool IsTaken(absl::string_view name, const Person* self = nullptr) const;
  std::string FreeName(absl::string_view wanted, const Person* self = nullptr) const;
  const Member* FindPage(MemberId id) const;
  People List() const;

  const std::string node_;
  const size_t kept_ids_;

  std::mutex mutex_;  // guards all members below
  Persons persons_;   // in the order of their arrival
  std::map<MemberId, Member> members_;
  uint64_t guests_ = 0;
  uint64_t plain_lines_ = 0;
  absl::flat_hash_set<std::string> stored_;
  std::deque<std::string> stored_order_;
  uint64_t number_ = 0;  // of changes
  uint64_t told_ = 0;    // the number that was last published
  absl::Time told_at_ = absl::InfinitePast();
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_ROOM_H_
