#include "tools/weft/flag_values.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/strip.h"

namespace weft::cli {
namespace {

constexpr size_t kMaxSecretBytes = 64 << 10;

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) ||
      absl::ParseDuration(absl::StrCat(text, "s"), &duration)) {
    if (duration >= absl::ZeroDuration()) return duration;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a duration such as 5s, 200ms or inf"));
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  std::string text(kMaxSecretBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  }
  if (text.size() > kMaxSecretBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has more than ", kMaxSecretBytes, " bytes"));
  }
  absl::string_view secret = text;
  absl::ConsumeSuffix(&secret, "\n");
  absl::ConsumeSuffix(&secret, "\r");
  return std::string(secret);
}

}  // namespace

Setter SetTrue(bool* field) {
  return [field](absl::string_view) {
    *field = true;
    return absl::OkStatus();
  };
}

Setter SetText(std::string* field) {
  return [field](absl::string_view value) {
    *field = std::string(value);
    return absl::OkStatus();
  };
}

Setter SetDuration(absl::Duration* field) {
  return [field](absl::string_view value) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(value);
    if (duration.ok()) *field = *duration;
    return duration.status();
  };
}

Setter SetPositiveDuration(absl::Duration* field) {
  return [field, set = SetDuration(field)](absl::string_view value) {
    absl::Status status = set(value);
    if (!status.ok() || *field > absl::ZeroDuration()) return status;
    return absl::InvalidArgumentError("must be more than 0");
  };
}

absl::StatusOr<std::string> ReadSecret(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "@")) return ReadSecretFile(std::string(text));
  if (!absl::ConsumePrefix(&text, "env:")) return std::string(text);
  const std::string name(text);
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no environment variable ", name));
  }
  return std::string(value);
}

}  // namespace weft::cli
