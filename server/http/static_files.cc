#include "weft/server/http/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "weft/core/http/http_date.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/percent.h"
#include "weft/core/http/quote.h"
#include "weft/transport/fd.h"

namespace weft {
namespace {

struct Type {
  absl::string_view ending;
  absl::string_view type;
};

constexpr Type kTypes[] = {
    {"css", "text/css; charset=utf-8"},
    {"gif", "image/gif"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xml", "application/xml"},
};

// Whether it names something inside a folder: not the folder itself, not its parent, and without a
// character that another system treats as a separator.
bool IsServedName(absl::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  if (name[0] == '.' && name != ".well-known") return false;
  return std::none_of(name.begin(), name.end(),
                      [](char c) { return c == '/' || c == '\\' || c == '\0'; });
}

// Folder by folder, so that no link is followed.
UniqueFd OpenBelow(int folder, const std::vector<std::string>& names) {
  UniqueFd current;
  for (size_t i = 0; i < names.size(); ++i) {
    // O_NONBLOCK: opening a pipe would otherwise wait for its other end.
    const int kind = i + 1 < names.size() ? O_DIRECTORY : O_NONBLOCK;
    const int parent = i == 0 ? folder : current.get();
    UniqueFd next(openat(parent, names[i].c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | kind));
    if (!next.is_open()) return next;
    current = std::move(next);
  }
  return current;
}

// Each version of a file has a different tag, unless it was changed within one tick of the clock
// and kept its size.
std::string ETagOf(const struct stat& file) {
  const uint64_t ns = uint64_t{1000000000} * file.st_mtim.tv_sec + file.st_mtim.tv_nsec;
  return absl::StrCat("\"", absl::Hex(ns), "-", absl::Hex(file.st_size), "-",
                      absl::Hex(file.st_ino), "\"");
}

absl::StatusOr<PageResponse> Serve(int folder, const PageRequest& request) {
  if (absl::Status status = CheckFileRequest(request); !status.ok()) return status;
  std::vector<std::string> names;
  for (const absl::string_view part : absl::StrSplit(request.subpath, '/')) {
    absl::StatusOr<std::string> name = PercentDecode(part);
    if (!name.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(Quote(part), " is not correctly %-encoded"));
    }
    names.push_back(*std::move(name));
  }
  const std::string last = names.back();
  if (last.empty()) names.back() = "index.html";
  if (!std::all_of(names.begin(), names.end(), IsServedName)) return FileNotFound(request);

  UniqueFd fd = OpenBelow(folder, names);
  struct stat file;
  if (!fd.is_open() || fstat(fd.get(), &file) != 0) {
    // An error that the client did not cause; it may try again.
    if (errno == EMFILE || errno == ENFILE) {
      return absl::UnavailableError("the server has too many files open");
    }
    return FileNotFound(request);
  }
  if (S_ISDIR(file.st_mode)) {
    // Pages of the folder have relative links, which must be resolved inside of it. The encoded
    // name, after "./", which makes it a path.
    const absl::string_view path = request.path();
    const absl::string_view name = path.substr(path.rfind('/') + 1);
    return PageResponse{.status = 308, .headers = {{"Location", absl::StrCat("./", name, "/")}}};
  }
  if (!S_ISREG(file.st_mode)) return FileNotFound(request);

  PageResponse page = FilePage(request, names.back(), ETagOf(file));
  if (page.status == 304) return page;
  page.headers.push_back({"Last-Modified", HttpDate(absl::FromTimeT(file.st_mtim.tv_sec))});
  page.file = std::move(fd);
  page.file_bytes = file.st_size;
  return page;
}

}  // namespace

absl::Status CheckFileRequest(const PageRequest& request) {
  if (request.method == "GET" || request.method == "HEAD") return absl::OkStatus();
  return HttpError(405, "only GET and HEAD are allowed for files");
}

absl::Status FileNotFound(const PageRequest& request) {
  return absl::NotFoundError(absl::StrCat("there is no ", Quote(request.path())));
}

PageResponse FilePage(const PageRequest& request, absl::string_view name, std::string etag) {
  PageResponse page;
  if (ClientHas(request, etag)) {
    page.status = 304;
  } else {
    page.headers = {{"Content-Type", std::string(ContentTypeOf(name))},
                    {"X-Content-Type-Options", "nosniff"}};
  }
  page.headers.push_back({"ETag", std::move(etag)});
  page.headers.push_back({"Cache-Control", "no-cache"});
  return page;
}

absl::StatusOr<Pages> StaticFiles(const std::string& folder) {
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot serve the folder ", Quote(folder)));
  }
  return Pages([fd = std::make_shared<const UniqueFd>(std::move(fd))](const PageRequest& request) {
    return Serve(fd->get(), request);
  });
}

absl::string_view ContentTypeOf(absl::string_view name) {
  const size_t dot = name.rfind('.');
  const absl::string_view ending = dot == name.npos ? "" : name.substr(dot + 1);
  for (const Type& type : kTypes) {
    if (absl::EqualsIgnoreCase(ending, type.ending)) return type.type;
  }
  return "application/octet-stream";
}

}  // namespace weft
