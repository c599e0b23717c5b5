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

absl::string_view TypeOf(absl::string_view path) {
  if (absl::EndsWith(path, ".html")) return "text/html; charset=utf-8";
  if (absl::EndsWith(path, ".css")) return "text/css; charset=utf-8";
  return "text/javascript; charset=utf-8";
}

}  // namespace

absl::StatusOr<PageResponse> ServeFile(const PageRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    return PageResponse{.status = 405, .headers = {{"Allow", "GET, HEAD"}}};
  }
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
  response.headers.emplace_back("Content-Type", std::string(TypeOf(path)));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  // Nothing from elsewhere, and nothing that is written into the page.
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'self'; img-src 'self' data:");
  response.body = std::string(file.content);
  return response;
}

}  // namespace weft::world
