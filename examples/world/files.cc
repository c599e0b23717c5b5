#include "examples/world/files.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/server/static_files.h"

namespace weft::world {
namespace {

struct File {
  absl::string_view content;
  std::string etag;
};

constexpr struct {
  const char* path;
  const char* content;
} kFiles[] = {
#include "examples/world/embedded_files.inc"
};

// FNV-1a: it tells versions apart, and guards nothing.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

const absl::flat_hash_map<absl::string_view, File>& Files() {
  static const auto& files = *[] {
    auto* made = new absl::flat_hash_map<absl::string_view, File>();
    for (const auto& [path, content] : kFiles) {
      made->emplace(path, File{content, absl::StrCat("\"", absl::Hex(Hash(content)), "\"")});
    }
    return made;
  }();
  return files;
}

}  // namespace

absl::StatusOr<PageResponse> ServeFile(const PageRequest& request) {
  const absl::string_view path = request.path() == "/" ? "/index.html" : request.path();
  const auto found = Files().find(path);
  if (found == Files().end()) {
    return absl::NotFoundError("there is no such page: the world is at /");
  }
  const File& file = found->second;
  const std::optional<absl::string_view> known = request.headers.Find("If-None-Match");
  const bool same = known.has_value() && absl::StrContains(*known, file.etag);
  PageResponse response = {.status = same ? 304 : 200,
                           .headers = {{"ETag", file.etag}, {"Cache-Control", "no-cache"}}};
  if (same) return response;
  response.headers.emplace_back("Content-Type", std::string(ContentTypeOf(path)));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  // Nothing from elsewhere, and nothing that is written into the page.
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'self'; img-src 'self' data:");
  response.body = std::string(file.content);
  return response;
}

}  // namespace weft::world
