#include "weft/server/http/embedded_files.h"

#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "weft/server/http/static_files.h"

namespace weft {
namespace {

// FNV-1a: it distinguishes versions of a file, identically in every process, and is not for
// security.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

struct File {
  absl::string_view content;
  std::string etag;
};

class Folder {
 public:
  Folder(absl::Span<const EmbeddedFile> files,
         std::vector<std::pair<std::string, std::string>> headers)
      : headers_(std::move(headers)) {
    for (const auto& [name, content] : files) {
      files_.emplace(name, File{content, absl::StrCat("\"", absl::Hex(Hash(content)), "\"")});
    }
  }

  absl::StatusOr<PageResponse> Serve(const PageRequest& request) const {
    if (absl::Status status = CheckFileRequest(request); !status.ok()) return status;
    const absl::string_view name = request.subpath.empty() ? "index.html" : request.subpath;
    const auto found = files_.find(name);
    if (found == files_.end()) return FileNotFound(request);
    const auto& [content, etag] = found->second;
    PageResponse page = FilePage(request, name, etag);
    if (page.status == 304) return page;
    page.headers.insert(page.headers.end(), headers_.begin(), headers_.end());
    page.body = std::string(content);
    return page;
  }

 private:
  absl::flat_hash_map<absl::string_view, File> files_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace

Pages EmbeddedFiles(absl::Span<const EmbeddedFile> files,
                    std::vector<std::pair<std::string, std::string>> headers) {
  return [folder = std::make_shared<const Folder>(files, std::move(headers))](
             const PageRequest& request) { return folder->Serve(request); };
}

}  // namespace weft
