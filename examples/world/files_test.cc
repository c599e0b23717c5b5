#include "examples/world/files.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

PageRequest Request(absl::string_view target) {
  PageRequest request;
  request.method = "GET";
  request.target = target;
  return request;
}

std::string Find(const PageResponse& response, absl::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(FilesTest, TheRootIsThePage) {
  const auto page = ServeFile(Request("/?anything"));
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->status, 200);
  EXPECT_TRUE(absl::StartsWith(page->body, "<!DOCTYPE html>")) << page->body.substr(0, 80);
  EXPECT_TRUE(absl::EndsWith(page->body, "</html>\n"));
  EXPECT_EQ(Find(*page, "Content-Type"), "text/html; charset=utf-8");
}

TEST(FilesTest, WhatThePageLoadsIsThere) {
  for (const absl::string_view path : {"/main.mjs", "/protocol.mjs", "/three.min.js"}) {
    const auto file = ServeFile(Request(path));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_GT(file->body.size(), 1000) << path;
    EXPECT_EQ(Find(*file, "Content-Type"), "text/javascript; charset=utf-8");
  }
  EXPECT_EQ(Find(*ServeFile(Request("/world.css")), "Content-Type"), "text/css; charset=utf-8");
}

TEST(FilesTest, WhatIsKnownIsNotSentAgain) {
  const std::string etag = Find(*ServeFile(Request("/main.mjs")), "ETag");
  PageRequest again = Request("/main.mjs");
  const std::string known = "\"other\", " + etag;
  again.headers.Add({"If-None-Match", known});
  const auto response = ServeFile(again);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 304);
  EXPECT_EQ(response->body, "");
  EXPECT_NE(etag, Find(*ServeFile(Request("/world.css")), "ETag"));
}

TEST(FilesTest, EverythingElseIsNotFound) {
  for (const absl::string_view path : {"/nothing", "//", "/../files.cc", "/main.mjs/", "*"}) {
    EXPECT_EQ(ServeFile(Request(path)).status().code(), absl::StatusCode::kNotFound) << path;
  }
}

}  // namespace
}  // namespace weft::world
