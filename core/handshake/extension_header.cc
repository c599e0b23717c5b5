#include "weft/core/handshake/extension_header.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/http/http.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// Reads a value from start to end, without going back.
class Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(text) {}

  bool AtEnd() const { return rest_.empty(); }

  // Takes `c`, with the spaces and tabs around it, if it is next.
  bool Consume(char c) {
    SkipSpace();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    SkipSpace();
    return true;
  }

  // Takes everything up to a separator; empty when one is next.
  absl::string_view ConsumeWord() {
    const size_t end = std::min(rest_.find_first_of(" \t,;=\""), rest_.size());
    const absl::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return word;
  }

  // Takes the rest of a quoted string whose opening quote was taken, and removes its escapes. None
  // if the string has no closing quote.
  std::optional<std::string> ConsumeQuoted() {
    std::string text;
    for (size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        SkipSpace();
        return text;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) break;
      text += rest_[i];
    }
    return std::nullopt;
  }

 private:
  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  absl::string_view rest_;
};

absl::Status NoToken(absl::string_view what, absl::string_view seen) {
  return absl::InvalidArgumentError(
      absl::StrCat("in Sec-WebSocket-Extensions ", what, " is not a token: ", Quote(seen)));
}

absl::Status ParseParameter(Reader& reader, ExtensionParameter* parameter) {
  parameter->name = reader.ConsumeWord();
  if (!IsHttpToken(parameter->name)) return NoToken("the name of a parameter", parameter->name);
  if (!reader.Consume('=')) return absl::OkStatus();
  if (!reader.Consume('"')) {
    parameter->value = std::string(reader.ConsumeWord());
  } else if (parameter->value = reader.ConsumeQuoted(); !parameter->value.has_value()) {
    return absl::InvalidArgumentError("in Sec-WebSocket-Extensions a quote is not closed");
  }
  // A quoted value must be a token, too (section 9.1).
  if (!IsHttpToken(*parameter->value)) return NoToken("a value", *parameter->value);
  return absl::OkStatus();
}

absl::Status ParseExtension(Reader& reader, Extension* extension) {
  extension->name = reader.ConsumeWord();
  if (!IsHttpToken(extension->name)) return NoToken("a name", extension->name);
  while (reader.Consume(';')) {
    ExtensionParameter& parameter = extension->parameters.emplace_back();
    if (absl::Status status = ParseParameter(reader, &parameter); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ParseExtensions(absl::string_view value, ExtensionList* extensions) {
  Reader reader(value);
  const size_t before = extensions->size();
  while (true) {
    // A list may have empty elements (RFC 9110, section 5.6.1.2).
    while (reader.Consume(',')) {
    }
    if (reader.AtEnd()) break;
    Extension& extension = extensions->emplace_back();
    if (absl::Status status = ParseExtension(reader, &extension); !status.ok()) return status;
    if (!reader.AtEnd() && !reader.Consume(',')) {
      return absl::InvalidArgumentError(absl::StrCat("in Sec-WebSocket-Extensions there is no ',' ",
                                                     "or ';' after ", Quote(extension.name)));
    }
  }
  if (extensions->size() > before) return absl::OkStatus();
  return absl::InvalidArgumentError("Sec-WebSocket-Extensions is empty");
}

}  // namespace weft
