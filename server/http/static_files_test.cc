#include "weft/server/http/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"
#include "weft/transport/fd.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace fs = std::filesystem;

// A folder "www" with a secret next to it.
class StaticFilesTest : public ::testing::Test {
 protected:
  StaticFilesTest() {
    fs::create_directories(root_ / "www/sub");
    fs::create_directories(root_ / "www/.well-known");
    Write("secret", "secret");
    Write("www/index.html", "<h1>home</h1>");
    Write("www/a.txt", "text");
    Write("www/a b%.txt", "blank");
    Write("www/.env", "password");
    Write("www/.well-known/acme", "token");
    Write("www/sub/index.html", "<h1>sub</h1>");
    fs::create_symlink("../secret", root_ / "www/link");
    fs::create_symlink("a.txt", root_ / "www/inner_link");
    fs::create_directory_symlink("..", root_ / "www/up");
    EXPECT_EQ(mkfifo((root_ / "www/pipe").c_str(), 0600), 0);
    pages_ = *StaticFiles((root_ / "www").string());
  }
  ~StaticFilesTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, absl::string_view text) {
    std::ofstream(root_ / name) << text;
  }

  // The response to a request for this target, as "200 body", with the headers if `headers` is set.
  std::string Get(absl::string_view target, absl::string_view method = "GET",
                  absl::string_view more = "", std::string* headers = nullptr) {
    const std::string head =
        absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: here\r\n", more, "\r\n");
    PageRequest request = {*ParseHttpRequest(head)};
    request.subpath = absl::StripPrefix(request.path(), "/");
    absl::StatusOr<PageResponse> page = pages_(request);
    if (!page.ok()) return absl::StrCat(HttpStatusOf(page.status()));
    if (headers != nullptr)
      *headers = *WritePageHead(*page, request, absl::InfiniteDuration(), absl::UnixEpoch());
    std::string body(page->file_bytes, '\0');
    if (page->file.is_open()) {
      EXPECT_EQ(read(page->file.get(), body.data(), body.size()), body.size());
    }
    return absl::StrCat(page->status, " ", body);
  }

  std::string Header(absl::string_view target, absl::string_view name) {
    std::string headers;
    Get(target, "GET", "", &headers);
    const HttpResponse response = *ParseHttpResponse(headers);
    return std::string(response.headers.Find(name).value_or("none"));
  }

  const fs::path root_ =
      fs::path(::testing::TempDir()) / absl::StrCat("static_files_test_", getpid());
  Pages pages_;
};

TEST_F(StaticFilesTest, FilesAndIndexes) {
  EXPECT_EQ(Get("/a.txt"), "200 text");
  EXPECT_EQ(Get("/"), "200 <h1>home</h1>");
  EXPECT_EQ(Get("/sub/"), "200 <h1>sub</h1>");
  EXPECT_EQ(Get("/a.txt?version=2"), "200 text");
  EXPECT_EQ(Get("/a%20b%25.txt"), "200 blank");
  EXPECT_EQ(Get("/%61.t%78t"), "200 text");
  EXPECT_EQ(Get("/a.txt", "HEAD"), "200 text");  // the server omits it
  EXPECT_EQ(Get("/.well-known/acme"), "200 token");
  EXPECT_EQ(Get("/nothing"), "404");
  EXPECT_EQ(Get("/nothing/at/all"), "404");
  EXPECT_EQ(Get("/a.txt/"), "404");
  EXPECT_EQ(Get("/a.txt/b"), "404");
}

TEST_F(StaticFilesTest, AFolderWithoutTheSlashLeadsToIt) {
  EXPECT_EQ(Get("/sub?x"), "308 ");
  EXPECT_EQ(Header("/sub?x", "Location"), "./sub/");
  EXPECT_EQ(Header("/%73ub", "Location"), "./%73ub/");
}

// Each of these has led out of some server's folder.
TEST_F(StaticFilesTest, NothingLeadsOutOfTheFolder) {
  for (const absl::string_view target : {
           "/../secret",
           "/sub/../../secret",
           "/./../secret",
           "/%2e%2e/secret",
           "/.%2e/secret",
           "/%2E%2E/secret",
           "/..%2fsecret",
           "/%2e%2e%2fsecret",
           "/..%5csecret",
           "/..\\secret",
           "/%2e%2e%5csecret",
           "//secret",
           "///etc/passwd",
           "//etc/passwd",
           "/%2fetc%2fpasswd",
           "/sub/..",
           "/..",
           "/.",
           "/%2e",
           "/sub/%2e%2e/a.txt",
           "/sub/./index.html",
           "/sub//index.html",
           "/a.txt%00",
           "/a.txt%00.html",
           "/%00",
           "/link",
           "/inner_link",
           "/up/secret",
           "/up/",
           "/up/www/a.txt",
           "/.env",
           "/%2eenv",
           "/%252e%252e/secret",
           "/..;/secret",
           "/%c0%ae%c0%ae/secret",
           "/pipe",
       }) {
    EXPECT_EQ(Get(target), "404") << target;
  }
  EXPECT_EQ(Get(absl::StrCat("/", std::string(5000, 'a'))), "404");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "/..";
  EXPECT_EQ(Get(deep + "/etc/passwd"), "404");
}

// Opening one for reading waits for a writer, which here comes only if the response is late.
TEST_F(StaticFilesTest, APipeIsNotWaitedFor) {
  std::future<std::string> answer = std::async(std::launch::async, [&] { return Get("/pipe"); });
  const bool waited = answer.wait_for(std::chrono::seconds(10)) != std::future_status::ready;
  const UniqueFd writer(open((root_ / "www/pipe").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  EXPECT_FALSE(waited);
  EXPECT_EQ(answer.get(), "404");
}

TEST_F(StaticFilesTest, WhatIsNotEncodedRightlyIs400) {
  for (const absl::string_view target : {"/%", "/%2", "/%zz", "/a%2", "/%u002e"}) {
    EXPECT_EQ(Get(target), "400") << target;
  }
}

TEST_F(StaticFilesTest, FilesCanBeGotOnly) {
  for (const absl::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
    EXPECT_EQ(Get("/a.txt", method), "405") << method;
  }
}

TEST_F(StaticFilesTest, AClientThatHasTheFileIsToldSo) {
  const std::string etag = Header("/a.txt", "ETag");
  ASSERT_THAT(etag, StartsWith("\""));
  for (const std::string& condition :
       {etag, absl::StrCat("W/", etag), absl::StrCat("\"other\", ", etag), std::string("*")}) {
    std::string headers;
    EXPECT_EQ(Get("/a.txt", "GET", absl::StrCat("If-None-Match: ", condition, "\r\n"), &headers),
              "304 ")
        << condition;
    EXPECT_THAT(headers,
                AllOf(HasSubstr(absl::StrCat("ETag: ", etag)), Not(HasSubstr("Content-Length"))));
  }
  EXPECT_EQ(Get("/a.txt", "GET", "If-None-Match: \"other\"\r\n"), "200 text");
  Write("www/a.txt", "longer text");
  EXPECT_EQ(Get("/a.txt", "GET", absl::StrCat("If-None-Match: ", etag, "\r\n")), "200 longer text");
}

TEST_F(StaticFilesTest, SaysWhatAFileIs) {
  EXPECT_EQ(Header("/", "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(Header("/a.txt", "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(Header("/a.txt", "X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(Header("/a.txt", "Last-Modified"), HasSubstr(" GMT"));
  EXPECT_EQ(ContentTypeOf("x.JS"), "text/javascript; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("x.tar.wasm"), "application/wasm");
  EXPECT_EQ(ContentTypeOf("js"), "application/octet-stream");
  EXPECT_EQ(ContentTypeOf("x.unheard_of"), "application/octet-stream");
}

TEST_F(StaticFilesTest, TheFolderMustBeThere) {
  EXPECT_THAT(StaticFiles("/no/such/folder").status().message(),
              HasSubstr("cannot serve the folder \"/no/such/folder\""));
  EXPECT_FALSE(StaticFiles((root_ / "secret").string()).ok());
}

}  // namespace
}  // namespace weft
