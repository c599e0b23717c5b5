#include "examples/chat/messages.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace weft::chat {
namespace {

using Json = nlohmann::json;

// The fields of one message, and the first error in them.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  std::string Text(const char* name) {
    const auto field = object_.find(name);
    if (field != object_.end() && field->is_string()) return field->get<std::string>();
    Fail(name, "a string");
    return "";
  }

  std::string OptionalText(const char* name) {
    return object_.contains(name) ? Text(name) : std::string();
  }

  uint64_t Number(const char* name) {
    const auto field = object_.find(name);
    if (field != object_.end() && field->is_number_unsigned()) return field->get<uint64_t>();
    Fail(name, "a whole number, 0 or more");
    return 0;
  }

  // A random identifier made by a page.
  std::string Token(const char* name) {
    std::string token = Text(name);
    const bool good = token.size() >= 8 && token.size() <= 64 &&
                      std::all_of(token.begin(), token.end(), absl::ascii_isalnum);
    if (!good) Fail(name, "8 to 64 letters and digits");
    return token;
  }

  const absl::Status& status() const { return status_; }

 private:
  void Fail(const char* name, const char* what) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat("\"", name, "\" should be ", what));
  }

  const Json& object_;
  absl::Status status_;
};

absl::StatusOr<PageMessage> Parse(absl::string_view type, Fields& fields) {
  if (type == "hello") {
    return Hello{.key = fields.Token("key"),
                 .sender = fields.Token("sender"),
                 .name = fields.Text("name"),
                 .since = fields.OptionalText("since"),
                 .called = fields.OptionalText("called")};
  }
  if (type == "say") return Say{.n = fields.Number("n"), .text = fields.Text("text")};
  if (type == "typing") return Typing();
  if (type == "name") return Rename{.name = fields.Text("name")};
  if (type == "ping") return Ping();
  return absl::InvalidArgumentError("unknown \"type\" of message");
}

Json Message(const char* type) {
  Json json;
  json["type"] = type;
  return json;
}

// All text here is UTF-8. Otherwise it would be replaced, and no exception thrown.
std::string ToText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Add(const PersonName& who, Json& json) {
  json["person"] = who.person;
  json["name"] = who.name;
}

}  // namespace

absl::StatusOr<PageMessage> ParsePageMessage(absl::string_view json) {
  const Json message = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (message.is_discarded()) return absl::InvalidArgumentError("the message is not JSON");
  if (!message.is_object()) return absl::InvalidArgumentError("the message is not a JSON object");
  Fields fields(message);
  const std::string type = fields.Text("type");
  if (!fields.status().ok()) return fields.status();
  absl::StatusOr<PageMessage> parsed = Parse(type, fields);
  if (!fields.status().ok()) return fields.status();
  return parsed;
}

std::string Encode(const Welcome& welcome) {
  Json json = Message("welcome");
  json["node"] = welcome.node;
  Add(welcome.you, json);
  json["writer"] = welcome.writer;
  return ToText(json);
}

std::string Encode(const Line& line) {
  Json json = Message("line");
  json["time"] = absl::ToUnixMillis(line.time);
  json["name"] = line.name;
  json["text"] = line.text;
  json["person"] = line.person;
  json["id"] = line.id;
  return ToText(json);
}

std::string Encode(const People& people) {
  Json json = Message("people");
  json["node"] = people.node;
  json["number"] = people.number;
  json["people"] = Json::array();
  for (const PersonName& each : people.people) Add(each, json["people"].emplace_back());
  return ToText(json);
}

std::string EncodeTyping(const PersonName& who) {
  Json json = Message("typing");
  Add(who, json);
  return ToText(json);
}

std::string EncodeAt(absl::string_view position) {
  Json json = Message("at");
  json["position"] = std::string(position);
  return ToText(json);
}

std::string EncodeGap(absl::string_view reason) {
  Json json = Message("gap");
  json["reason"] = std::string(reason);
  return ToText(json);
}

std::string EncodePong() { return ToText(Message("pong")); }

std::string EncodeError(absl::string_view message, std::optional<uint64_t> n) {
  Json json = Message("error");
  json["message"] = std::string(message);
  if (n.has_value()) json["n"] = *n;
  return ToText(json);
}

}  // namespace weft::chat
