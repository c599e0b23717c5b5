#include "examples/page.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace examples {
namespace {

// Files whose link to the page above is shown.
struct LinkedFiles {
  explicit LinkedFiles(absl::Span<const weft::EmbeddedFile> all) : files(all.begin(), all.end()) {
    html.reserve(files.size());  // the views stay valid
    for (weft::EmbeddedFile& file : files) {
      if (!absl::EndsWith(file.name, ".html")) continue;
      html.push_back(
          absl::StrReplaceAll(file.content, {{R"(hidden href="../")", R"(href="../")"}}));
      file.content = html.back();
    }
  }

  std::vector<std::string> html{};
  std::vector<weft::EmbeddedFile> files;
};

}  // namespace

weft::Pages ServePage(absl::string_view prefix, absl::Span<const weft::EmbeddedFile> files,
                      absl::string_view more_servers) {
  std::string policy = "default-src 'self'; img-src 'self' data:";
  if (!more_servers.empty()) absl::StrAppend(&policy, "; connect-src 'self' ", more_servers);
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Content-Security-Policy", std::move(policy)}};
  if (prefix.empty()) return weft::EmbeddedFiles(files, std::move(headers));
  const auto linked = std::make_shared<const LinkedFiles>(files);
  return [linked, pages = weft::EmbeddedFiles(linked->files, std::move(headers))](
             const weft::PageRequest& request) { return pages(request); };
}

void AddPage(weft::Router& router, absl::string_view prefix,
             absl::Span<const weft::EmbeddedFile> files, absl::string_view more_servers) {
  const weft::Pages pages = ServePage(prefix, files, more_servers);
  for (const weft::EmbeddedFile& file : files) {
    const weft::Pages page = [pages, name = file.name](const weft::PageRequest& request) {
      weft::PageRequest named = request;
      named.subpath = name;
      return pages(named);
    };
    router.Get(absl::StrCat(prefix, "/", file.name), page);
    if (file.name == "index.html") router.Get(absl::StrCat(prefix, "/"), page);
  }
}

}  // namespace examples
