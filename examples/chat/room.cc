#include "examples/chat/room.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "examples/chat/text.h"

namespace weft::chat {
namespace {

using Lock = std::lock_guard<std::mutex>;

std::string WithMark(absl::string_view name, int mark) {
  return absl::StrCat(name, " (", mark, ")");
}

// Whether `called` is a result of WithMark for `wanted`.
bool IsMarked(absl::string_view called, absl::string_view wanted) {
  absl::string_view digits = called;
  int mark = 0;
  return absl::ConsumePrefix(&digits, wanted) && absl::ConsumePrefix(&digits, " (") &&
         absl::ConsumeSuffix(&digits, ")") && absl::SimpleAtoi(digits, &mark) && mark >= 2 &&
         called == WithMark(wanted, mark);
}

// Nobody else has this key, so nobody else has lines with this id: also not on another node, which
// does not know the key.
std::string PersonOf(absl::string_view key) {
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const uint8_t*>(key.data()), key.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), 8));
}

}  // namespace

// ---- Members ----

absl::StatusOr<Welcome> Room::Enter(MemberId page, const Hello& hello, absl::string_view account) {
  const std::string key(account.empty() ? hello.key : account);
  const std::string writer = PersonOf(hello.key);
  const Lock lock(mutex_);
  auto person = std::find_if(persons_.begin(), persons_.end(),
                             [&](const Person& each) { return each.key == key; });
  if (person != persons_.end()) {
    Rename(*person, hello.name);
  } else {
    if (absl::Status status = CheckRoom(); !status.ok()) return status;
    const bool keeps_mark = IsMarked(hello.called, hello.name) && !IsTaken(hello.called);
    person = persons_.insert(
        person, {.key = key,
                 .wanted = hello.name,
                 .shown = {PersonOf(key), keeps_mark ? hello.called : FreeName(hello.name)}});
    ++number_;
  }
  Add(page, person, absl::StrCat(writer, ".", hello.sender));
  return Welcome{.node = node_, .you = person->shown, .writer = writer};
}

absl::Status Room::EnterPlain(MemberId plain) {
  const Lock lock(mutex_);
  if (absl::Status status = CheckRoom(); !status.ok()) return status;
  const std::string wanted = absl::StrCat("guest ", ++guests_);
  const auto person = persons_.insert(
      persons_.end(),
      {.wanted = wanted, .shown = {absl::StrCat(node_, "guest", guests_), FreeName(wanted)}});
  ++number_;
  Add(plain, person, "");
  return absl::OkStatus();
}

void Room::Leave(MemberId member) {
  const Lock lock(mutex_);
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  const Persons::iterator person = found->second.person;
  members_.erase(found);
  if (--person->members > 0) return;
  persons_.erase(person);
  ++number_;
}

void Room::Rename(MemberId page, absl::string_view name) {
  const Lock lock(mutex_);
  if (const Member* member = FindPage(page)) Rename(*member->person, name);
}

std::optional<PersonName> Room::Types(MemberId page, absl::Time now) {
  const Lock lock(mutex_);
  const Member* member = FindPage(page);
  if (member == nullptr || now < member->person->typed + kTypingPause) return std::nullopt;
  member->person->typed = now;
  return member->person->shown;
}

absl::Status Room::CheckRoom() const {
  if (persons_.size() < kMaxPeople) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the room is full: ", kMaxPeople, " people are here"));
}

void Room::Add(MemberId id, Persons::iterator person, std::string author) {
  person->members += 1;
  members_[id] = {.person = person, .author = std::move(author)};
}

void Room::Rename(Person& person, absl::string_view wanted) {
  if (wanted == person.wanted) return;  // even if the name has a mark, which it keeps
  person.wanted = std::string(wanted);
  person.shown.name = FreeName(wanted, &person);
  ++number_;
}

bool Room::IsTaken(absl::string_view name, const Person* self) const {
  return std::any_of(persons_.begin(), persons_.end(), [&](const Person& person) {
    return &person != self && absl::EqualsIgnoreCase(person.shown.name, name);
  });
}

std::string Room::FreeName(absl::string_view wanted, const Person* self) const {
  std::string name(wanted);
  for (int mark = 2; IsTaken(name, self); ++mark) name = WithMark(wanted, mark);
  return name;
}

const Room::Member* Room::FindPage(MemberId id) const {
  const auto member = members_.find(id);
  return member == members_.end() || member->second.author.empty() ? nullptr : &member->second;
}

People Room::people() {
  const Lock lock(mutex_);
  return List();
}

std::optional<People> Room::News(absl::Time now) {
  const Lock lock(mutex_);
  if (now < told_at_ + (number_ != told_ ? kNewsPause : kRollCall)) return std::nullopt;
  told_ = number_;
  told_at_ = now;
  return List();
}

People Room::List() const {
  People list = {.node = node_, .number = number_};
  for (const Person& each : persons_) list.people.push_back(each.shown);
  return list;
}

// ---- Lines ----

std::optional<Line> Room::Say(MemberId page, const chat::Say& line, absl::Time now) {
  const Lock lock(mutex_);
  const Member* member = FindPage(page);
  if (member == nullptr) return std::nullopt;
  member->person->typed = absl::InfinitePast();  // the next line is another one
  const PersonName& who = member->person->shown;
  std::string id = absl::StrCat(member->author, ".", line.n);
  if (stored_.contains(id)) return std::nullopt;
  return Line{
      .time = now, .name = who.name, .text = line.text, .person = who.person, .id = std::move(id)};
}

std::optional<Line> Room::SayPlain(MemberId plain, absl::string_view text, absl::Time now) {
  const Lock lock(mutex_);
  const auto member = members_.find(plain);
  absl::StatusOr<std::string> clean = CleanText(text);
  if (member == members_.end() || !clean.ok()) return std::nullopt;
  const PersonName& who = member->second.person->shown;
  return Line{.time = now,
              .name = who.name,
              .text = *std::move(clean),
              .person = who.person,
              .id = absl::StrCat(who.person, ".plain.", ++plain_lines_)};
}

void Room::Stored(const std::string& id) {
  const Lock lock(mutex_);
  if (!stored_.insert(id).second) return;
  stored_order_.push_back(id);
  if (stored_order_.size() <= kept_ids_) return;
  stored_.erase(stored_order_.front());
  stored_order_.pop_front();
}

void Room::ForgetStored() {
  const Lock lock(mutex_);
  stored_.clear();
  stored_order_.clear();
}

}  // namespace weft::chat
