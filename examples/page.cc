#include "examples/page.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace examples {

weft::Pages ServePage(absl::Span<const weft::EmbeddedFile> files, absl::string_view more_servers) {
  std::string policy = "default-src 'self'; img-src 'self' data:";
  if (!more_servers.empty()) absl::StrAppend(&policy, "; connect-src 'self' ", more_servers);
  return weft::EmbeddedFiles(files, {{"Content-Security-Policy", std::move(policy)}});
}

void AddPage(weft::Router& router, absl::string_view prefix,
             absl::Span<const weft::EmbeddedFile> files, absl::string_view more_servers) {
  const weft::Pages pages = ServePage(files, more_servers);
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
