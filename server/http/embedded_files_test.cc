#include "weft/server/http/embedded_files.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;

constexpr EmbeddedFile kFiles[] = {
    {"index.html", "<h1>home</h1>"}, {"js/main.mjs", "run()"}, {"js/other.mjs", "walk()"}};

absl::StatusOr<PageResponse> Get(absl::string_view target, absl::string_view method = "GET",
                                 absl::string_view known = "") {
  static const Pages& pages = *new Pages(EmbeddedFiles(kFiles, {{"X-More", "yes"}}));
  PageRequest request;
  request.method = method;
  request.target = target;
  request.subpath = absl::StripPrefix(request.path(), "/");
  if (!known.empty()) request.headers.Add({"If-None-Match", known});
  return pages(request);
}

std::string ETag(absl::string_view target) {
  const absl::StatusOr<PageResponse> page = Get(target);
  for (const auto& [name, value] : page->headers) {
    if (name == "ETag") return value;
  }
  return "none";
}

TEST(EmbeddedFilesTest, AreServedByNameWithTheirType) {
  const auto script = Get("/js/main.mjs?v=1");
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(script->status, 200);
  EXPECT_EQ(script->body, "run()");
  EXPECT_THAT(script->headers, Contains(Pair("Content-Type", "text/javascript; charset=utf-8")));
  EXPECT_THAT(script->headers, Contains(Pair("X-Content-Type-Options", "nosniff")));
  EXPECT_THAT(script->headers, Contains(Pair("X-More", "yes")));
}

TEST(EmbeddedFilesTest, TheEmptyNameIsTheIndex) {
  EXPECT_EQ(Get("/")->body, "<h1>home</h1>");
  EXPECT_EQ(Get("/index.html", "HEAD")->body, "<h1>home</h1>");
  EXPECT_THAT(Get("/")->headers, Contains(Pair("Content-Type", "text/html; charset=utf-8")));
}

TEST(EmbeddedFilesTest, WhatTheClientHasIsNotSentAgain) {
  const std::string etag = ETag("/js/main.mjs");
  for (const std::string& known : {etag, "\"other\", " + etag, "W/" + etag, std::string("*")}) {
    const auto same = Get("/js/main.mjs", "GET", known);
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_EQ(same->status, 304) << known;
    EXPECT_EQ(same->body, "");
    EXPECT_THAT(same->headers, Contains(Pair("ETag", etag)));
    EXPECT_THAT(same->headers, Not(Contains(Pair("Content-Type", ::testing::_))));
  }
  EXPECT_EQ(Get("/js/other.mjs", "GET", etag)->status, 200);
  EXPECT_NE(etag, ETag("/js/other.mjs"));
}

TEST(EmbeddedFilesTest, EverythingElseIsAnErrorThatNamesIt) {
  for (const absl::string_view target : {"/nothing", "/js", "/js/", "//", "/../index.html"}) {
    EXPECT_EQ(Get(target).status(),
              absl::NotFoundError(absl::StrCat("there is no \"", target, "\"")));
  }
  EXPECT_EQ(HttpStatusOf(Get("/", "POST").status()), 405);
}

}  // namespace
}  // namespace weft
