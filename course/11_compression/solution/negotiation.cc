#include <set>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "course/11_compression/compression.h"

namespace course {
namespace {

struct Parameter {
  absl::string_view name;
  std::optional<absl::string_view> value;
};

// Reads "name", "name=token" or "name=\"token\"". None if it is something else.
std::optional<Parameter> ReadParameter(absl::string_view text) {
  Parameter parameter = {.name = text.substr(0, text.find('=')), .value = std::nullopt};
  if (parameter.name.size() < text.size()) {
    absl::string_view value = text.substr(parameter.name.size() + 1);
    if (absl::ConsumePrefix(&value, "\"") && !absl::ConsumeSuffix(&value, "\""))
      return std::nullopt;
    if (!IsToken(value)) return std::nullopt;
    parameter.value = value;
  }
  if (!IsToken(parameter.name)) return std::nullopt;
  return parameter;
}

// A number from 8 to 15 in its shortest form.
std::optional<int> ReadBits(absl::string_view value) {
  if (value == "8" || value == "9") return value[0] - '0';
  if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') {
    return 10 + value[1] - '0';
  }
  return std::nullopt;
}

// Adds a parameter to the agreement. False if it is unknown or its value is wrong.
bool Add(const Parameter& parameter, Agreement* agreement) {
  const bool has_value = parameter.value.has_value();
  const std::optional<int> bits = ReadBits(parameter.value.value_or(""));
  if (parameter.name == "server_no_context_takeover" && !has_value) {
    agreement->server_takeover = false;
  } else if (parameter.name == "client_no_context_takeover" && !has_value) {
    agreement->client_takeover = false;
  } else if (parameter.name == "server_max_window_bits" && bits.has_value()) {
    agreement->server_bits = bits;
  } else if (parameter.name == "client_max_window_bits" && (!has_value || bits.has_value())) {
    agreement->client_bits = bits;
  } else {
    return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::optional<Agreement>> Agree(absl::string_view offers) {
  std::optional<Agreement> agreed;
  // A value in quotes is a token, too: a comma or a semicolon in it is an error anyway.
  for (const absl::string_view offer : absl::StrSplit(offers, ',')) {
    if (absl::StripAsciiWhitespace(offer).empty()) continue;
    const std::vector<absl::string_view> parts = absl::StrSplit(offer, ';');
    const absl::string_view name = absl::StripAsciiWhitespace(parts[0]);
    if (!IsToken(name)) return absl::InvalidArgumentError(absl::StrCat("no extension: ", name));
    Agreement agreement;
    bool valid = name == "permessage-deflate";
    std::set<absl::string_view> names;
    for (size_t i = 1; i < parts.size(); ++i) {
      const auto parameter = ReadParameter(absl::StripAsciiWhitespace(parts[i]));
      if (!parameter.has_value()) {
        return absl::InvalidArgumentError(absl::StrCat("not a parameter: ", parts[i]));
      }
      valid &= names.insert(parameter->name).second && Add(*parameter, &agreement);
    }
    if (valid && !agreed.has_value()) agreed = agreement;
  }
  return agreed;
}

std::string ExtensionFor(const Agreement& agreement) {
  std::string value = "permessage-deflate";
  if (!agreement.server_takeover) value += "; server_no_context_takeover";
  if (!agreement.client_takeover) value += "; client_no_context_takeover";
  if (agreement.server_bits)
    absl::StrAppend(&value, "; server_max_window_bits=", *agreement.server_bits);
  if (agreement.client_bits)
    absl::StrAppend(&value, "; client_max_window_bits=", *agreement.client_bits);
  return value;
}

}  // namespace course
