// The command line of `weft check`, and its texts.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/weft/check/check_options.h"
#include "tools/weft/check/report.h"
#include "tools/weft/check/server_certificate.h"
#include "tools/weft/command_help.h"
#include "tools/weft/format.h"
#include "tools/weft/hints.h"
#include "tools/weft/memory_file.h"
#include "weft/core/http/http_refusal.h"

namespace weft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CheckOptionsTest, Values) {
  const absl::StatusOr<CheckOptions> options =
      ParseCheckOptions({"--pings=5", "-k", "ws://h/", "--bearer=abc"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->url, "ws://h/");
  EXPECT_EQ(options->pings, 5);
  EXPECT_EQ(options->bearer, "abc");
  EXPECT_TRUE(options->tls.dangerously_accept_any_certificate);
  EXPECT_EQ(ParseCheckOptions({}).status().message(), "a URL is missing");
  EXPECT_FALSE(ParseCheckOptions({"http://h/"}).ok());
}

TEST(CheckOptionsTest, TheHelpFitsATerminal) {
  for (const absl::string_view line : absl::StrSplit(HelpText(CheckCommandHelp()), '\n')) {
    EXPECT_LE(line.size(), 88u) << line;
  }
}

TEST(ServerCertificateTest, Expiry) {
  EXPECT_EQ(DescribeExpiry(83), "expires in 83 days");
  EXPECT_EQ(DescribeExpiry(1), "expires in 1 day");
  EXPECT_EQ(DescribeExpiry(0), "expires in 0 days");
  EXPECT_EQ(DescribeExpiry(-1), "expired 1 day ago");
}

TEST(ReportTest, Lines) {
  MemoryFile out;
  Report report(out.get(), Style(false));
  report.Line(Report::Mark::kOk, "name", "h is 192.0.2.1", absl::Milliseconds(12));
  report.Line(Report::Mark::kNote, "seen", "Via: \033[2J");
  report.Line(Report::Mark::kFail, "connection", "refused", absl::Microseconds(500));
  report.Advice("try \033");
  EXPECT_EQ(out.text(),
            "ok    name         h is 192.0.2.1  (12 ms)\n"
            "note  seen         Via: \\x1b[2J\n"
            "FAIL  connection   refused  (0.50 ms)\n"
            "      -> try \\x1b\n");
}

TEST(TracesTest, OfProxiesAndServers) {
  EXPECT_THAT(TracesOf("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nServer: nginx\r\n"
                       "VIA: 1.1 a, 1.1 b\r\nX-Other: c\r\n\r\n"),
              ElementsAre("Server: nginx", "VIA: 1.1 a, 1.1 b"));
  EXPECT_THAT(TracesOf("HTTP/1.1 101 x\r\n\r\n"), IsEmpty());
  EXPECT_THAT(TracesOf(""), IsEmpty());
}

// ---- Hints ----

absl::Status Refusal(absl::string_view head, absl::string_view body = "") {
  return WithRefusal(absl::UnavailableError("refused"), absl::StrCat("HTTP/1.1 ", head, "\r\n\r\n"),
                     body);
}

std::string First(absl::string_view url, const absl::Status& error) {
  const std::vector<std::string> hints = Hints(url, "", error);
  return hints.empty() ? "" : hints.front();
}

TEST(HintsTest, TheOtherScheme) {
  const absl::Status tls_only = Refusal("400 Bad", "sent to HTTPS port");
  EXPECT_EQ(First("ws://h/a?b", tls_only), "Did you mean wss://h/a?b?");
  EXPECT_EQ(First("ws://h:8443/", tls_only), "Did you mean wss://h:8443/?");
  EXPECT_EQ(First("ws://h/", Refusal("302 Found\r\nLocation: https://h/")),
            "Did you mean wss://h/?");
  EXPECT_EQ(First("wss://h/", Refusal("302 Found\r\nLocation: https://h/")), "");
  EXPECT_EQ(First("wss://h/", absl::FailedPreconditionError("the server does not speak TLS")),
            "Did you mean ws://h/?");
  EXPECT_EQ(First("ws://h/", absl::InvalidArgumentError("it sent \"\\x15\\x03\\x03\"")),
            "Did you mean wss://h/?");
}

TEST(HintsTest, TextOfTheServerIsQuoted) {
  EXPECT_THAT(First("ws://h/", Refusal("401 No\r\nWWW-Authenticate: Basic \x9b")),
              HasSubstr("\"Basic \\x9b\""));
  EXPECT_THAT(First("ws://h/", Refusal("429 No\r\nRetry-After: \x9b")), HasSubstr("\"\\x9b\""));
}

TEST(HintsTest, OthersHaveNone) {
  EXPECT_EQ(First("ws://h/", absl::UnavailableError("Connection reset by peer")), "");
  EXPECT_EQ(First("ws://h/", Refusal("500 No")), "");
  EXPECT_EQ(First("no url", Refusal("404 No")), "");
}

}  // namespace
}  // namespace weft::cli
