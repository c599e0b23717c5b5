#include "examples/page.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/server/http/embedded_files.h"
#include "weft/server/http/page.h"

namespace examples {
namespace {

constexpr weft::EmbeddedFile kFiles[] = {
    {"index.html", R"(<a class="home" hidden href="../"><p hidden>)"},
    {"login.html", R"(<a href="./">)"},
    {"main.mjs", R"(// hidden href="../")"},
};

std::string Body(const weft::Pages& pages, absl::string_view subpath) {
  weft::PageRequest request;
  request.method = "GET";
  request.target = "/";
  request.subpath = subpath;
  const absl::StatusOr<weft::PageResponse> response = pages(request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->body : "";
}

TEST(ServePageTest, APageThatIsAloneHidesItsLinkToTheOthers) {
  const weft::Pages alone = ServePage("", kFiles);
  for (const weft::EmbeddedFile& file : kFiles) EXPECT_EQ(Body(alone, file.name), file.content);
}

TEST(ServePageTest, APageUnderAPrefixShowsItsLinkToTheOthers) {
  const weft::Pages among_others = ServePage("/echo", kFiles);
  const char shown[] = R"(<a class="home" href="../"><p hidden>)";
  EXPECT_EQ(Body(among_others, "index.html"), shown);
  EXPECT_EQ(Body(among_others, ""), shown);
  EXPECT_EQ(Body(among_others, "login.html"), kFiles[1].content);
  EXPECT_EQ(Body(among_others, "main.mjs"), kFiles[2].content);
}

}  // namespace
}  // namespace examples
