#include "examples/chat/room.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "examples/chat/text.h"

namespace weft::chat {
namespace {

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

}  // namespace

// ---- Members ----

void Room::Enter(MemberId page, const Hello& hello) {
  if (!TakeSender(hello)) {
    audience_.Send({page}, EncodeError("another page has this sender's name"));
    return;
  }
  auto person = std::find_if(people_.begin(), people_.end(),
                             [&](const Person& each) { return each.key == hello.key; });
  if (person == people_.end()) {
    person = AddPerson(hello.key, hello.name, hello.called);
  } else {
    Rename(*person, hello.name);
  }
  Add(page, person, hello.sender);
  audience_.Send({page}, Encode(WelcomeOf(hello, *person)));
}

void Room::EnterPlain(MemberId plain) {
  Add(plain, AddPerson("", absl::StrCat("guest ", ++guests_)), "");
}

void Room::Leave(MemberId member) {
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  const auto [person, sender] = std::move(found->second);
  members_.erase(found);
  if (!sender.empty()) {
    Sender& state = senders_[sender];
    state.pages -= 1;
    state.left_as = ++departures_;
  }
  if (--person->members > 0) return;
  const std::string left = EncodeLeft(person->name);
  people_.erase(person);
  audience_.Send(Pages(), left);
}

void Room::Add(MemberId id, People::iterator person, std::string sender) {
  person->members += 1;
  if (!sender.empty()) senders_[sender].pages += 1;
  members_[id] = {.person = person, .sender = std::move(sender)};
}

Room::People::iterator Room::AddPerson(std::string key, absl::string_view wanted,
                                       absl::string_view called) {
  const bool keeps_mark = IsMarked(called, wanted) && !IsTaken(called);
  const auto person =
      people_.insert(people_.end(), {.key = std::move(key),
                                     .wanted = std::string(wanted),
                                     .name = keeps_mark ? std::string(called) : FreeName(wanted)});
  audience_.Send(Pages(), EncodeJoined(person->name));
  return person;
}

void Room::Rename(MemberId page, absl::string_view name) {
  if (Member* member = FindPage(page)) Rename(*member->person, name);
}

void Room::Rename(Person& person, absl::string_view wanted) {
  if (wanted == person.wanted) return;  // even if the name has a mark, which it keeps
  person.wanted = std::string(wanted);
  const std::string before = std::exchange(person.name, FreeName(wanted, &person));
  if (person.name != before) audience_.Send(Pages(), EncodeRenamed(before, person.name));
}

bool Room::IsTaken(absl::string_view name, const Person* self) const {
  return std::any_of(people_.begin(), people_.end(), [&](const Person& person) {
    return &person != self && absl::EqualsIgnoreCase(person.name, name);
  });
}

std::string Room::FreeName(absl::string_view wanted, const Person* self) const {
  std::string name(wanted);
  for (int mark = 2; IsTaken(name, self); ++mark) name = WithMark(wanted, mark);
  return name;
}

// False: it belongs to another person. Its lines could be mistaken for theirs.
bool Room::TakeSender(const Hello& hello) {
  const auto [sender, is_new] = senders_.try_emplace(hello.sender, Sender{.key = hello.key});
  if (!is_new) return sender->second.key == hello.key;
  if (senders_.size() <= kept_senders_) return true;
  auto oldest = senders_.end();
  for (auto each = senders_.begin(); each != senders_.end(); ++each) {
    if (each->second.pages > 0 || each == sender) continue;
    if (oldest == senders_.end() || each->second.left_as < oldest->second.left_as) oldest = each;
  }
  if (oldest != senders_.end()) senders_.erase(oldest);
  return true;
}

Room::Member* Room::FindPage(MemberId id) {
  const auto member = members_.find(id);
  return member == members_.end() || !member->second.is_page() ? nullptr : &member->second;
}

// ---- Lines ----

std::optional<std::string> Room::Say(MemberId page, const chat::Say& line, absl::Time now) {
  const Member* member = FindPage(page);
  if (member == nullptr) return std::nullopt;
  Sender& sender = senders_[member->sender];
  if (line.n <= sender.heard) return std::nullopt;
  sender.heard = line.n;
  const Person& person = *member->person;
  std::string shown = absl::StrCat(person.name, ": ", OneLine(line.text));
  audience_.Send(PlainMembers(), shown);
  Keep({.time = now,
        .name = person.name,
        .text = line.text,
        .id = absl::StrCat(member->sender, ".", line.n)},
       person);
  return shown;
}

std::optional<std::string> Room::SayPlain(MemberId plain, absl::string_view text, absl::Time now) {
  const auto member = members_.find(plain);
  if (member == members_.end()) return std::nullopt;
  audience_.Send(PlainMembers(), text);
  absl::StatusOr<std::string> clean = CleanText(text);
  if (!clean.ok()) return std::nullopt;
  const Person& person = *member->second.person;
  Keep({.time = now, .name = person.name, .text = *clean}, person);
  return *std::move(clean);
}

// Numbers the line, stores it, and sends it to the pages.
void Room::Keep(Line line, const Person& person) {
  line.number = ++last_number_;
  audience_.Send(PagesOfOthers(person), Encode(line));
  line.own = true;
  audience_.Send(PagesOf(person), Encode(line));
  lines_.push_back({.line = std::move(line), .key = person.key});
  if (lines_.size() > kKeptLines) lines_.pop_front();
}

void Room::Type(MemberId page) {
  const Member* member = FindPage(page);
  if (member == nullptr) return;
  const Person& person = *member->person;
  audience_.SendHint(PagesOfOthers(person), EncodeTyping(person.name),
                     absl::StrCat("typing/", person.name));
}

Welcome Room::WelcomeOf(const Hello& hello, const Person& person) const {
  Welcome welcome = {.room = id_, .name = person.name, .heard = senders_.at(hello.sender).heard};
  for (const Person& each : people_) welcome.people.push_back(each.name);
  const bool comes_back = hello.room == id_;
  const uint64_t seen = comes_back ? hello.seen : 0;
  for (const Kept& kept : lines_) {
    if (kept.line.number <= seen) continue;
    welcome.lines.push_back(kept.line);
    welcome.lines.back().own = !kept.key.empty() && kept.key == person.key;
  }
  const uint64_t gone = last_number_ - lines_.size();
  if (comes_back && gone > seen) welcome.missed = gone - seen;
  return welcome;
}

template <typename Which>
std::vector<MemberId> Room::All(Which which) const {
  std::vector<MemberId> all;
  for (const auto& [id, member] : members_) {
    if (which(member)) all.push_back(id);
  }
  return all;
}

std::vector<MemberId> Room::Pages() const {
  return All([](const Member& member) { return member.is_page(); });
}

std::vector<MemberId> Room::PagesOf(const Person& person) const {
  return All([&](const Member& member) { return member.is_page() && &*member.person == &person; });
}

std::vector<MemberId> Room::PagesOfOthers(const Person& person) const {
  return All([&](const Member& member) { return member.is_page() && &*member.person != &person; });
}

std::vector<MemberId> Room::PlainMembers() const {
  return All([](const Member& member) { return !member.is_page(); });
}

}  // namespace weft::chat
