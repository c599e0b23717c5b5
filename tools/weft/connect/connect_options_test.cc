#include "tools/weft/connect/connect_options.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/weft/command_help.h"
#include "tools/weft/connect/typed_command.h"
#include "tools/weft/piped_input.h"
#include "weft/core/frame/close_code.h"
#include "weft/transport/tls_options.h"

namespace weft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr absl::string_view kUrl = "ws://localhost/";

ConnectOptions Parse(std::vector<absl::string_view> words) {
  words.push_back(kUrl);
  absl::StatusOr<ConnectOptions> options = ParseConnectOptions(words);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? *std::move(options) : ConnectOptions();
}

std::string Error(std::vector<absl::string_view> words) {
  words.push_back(kUrl);
  return std::string(ParseConnectOptions(words).status().message());
}

TEST(ConnectOptionsTest, Defaults) {
  const ConnectOptions options = Parse({});
  EXPECT_EQ(options.url, kUrl);
  EXPECT_THAT(options.messages, IsEmpty());
  EXPECT_EQ(options.split, Split::kLines);
  EXPECT_EQ(options.wait, absl::Seconds(1));
  EXPECT_EQ(options.close_code, CloseCode::kNormal);
}

TEST(ConnectOptionsTest, Messages) {
  const absl::StatusOr<ConnectOptions> options =
      ParseConnectOptions({kUrl, "hello", "-q", "--", "-x"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->url, kUrl);
  EXPECT_THAT(options->messages, ElementsAre("hello", "-x"));
  EXPECT_TRUE(options->quiet);
}

TEST(ConnectOptionsTest, ConnectTo) {
  EXPECT_EQ(Parse({"--connect-to=127.0.0.1:8080"}).connect_to, "127.0.0.1:8080");
  EXPECT_EQ(Parse({"--connect-to=[::1]"}).connect_to, "[::1]");
  EXPECT_THAT(Error({"--connect-to=ws://h"}), HasSubstr("--connect-to"));
}

TEST(ConnectOptionsTest, Url) {
  EXPECT_EQ(ParseConnectOptions({}).status().message(), "a URL is missing");
  EXPECT_THAT(std::string(ParseConnectOptions({"http://x/"}).status().message()),
              HasSubstr("http"));
}

TEST(ConnectOptionsTest, Headers) {
  EXPECT_THAT(Parse({"-H", "A: b: c ", "-HEmpty:", "--header=X-Y:z"}).headers,
              ElementsAre(Pair("A", "b: c"), Pair("Empty", ""), Pair("X-Y", "z")));
  EXPECT_EQ(Error({"-H", "no colon"}), "-H: \"no colon\" is not a header such as \"Name: value\"");
  EXPECT_EQ(Error({"-H", ": x"}), "-H: \": x\" is not a header such as \"Name: value\"");
}

TEST(ConnectOptionsTest, Subprotocols) {
  EXPECT_THAT(Parse({"-s", "a, b", "--subprotocol=c"}).subprotocols, ElementsAre("a", "b", "c"));
  EXPECT_EQ(Error({"-s", "a,"}), "-s: \"\" is not a subprotocol name");
}

TEST(ConnectOptionsTest, Auth) {
  const ConnectOptions options = Parse({"-u", "joe:se:cret"});
  ASSERT_TRUE(options.auth.has_value());
  EXPECT_EQ(options.auth->user, "joe");
  EXPECT_EQ(options.auth->password, "se:cret");
  EXPECT_FALSE(Parse({}).auth.has_value());
  EXPECT_EQ(Error({"--auth=secret"}), "--auth: must be USER:PASSWORD");
}

TEST(ConnectOptionsTest, Tls) {
  const TlsClientOptions both = Parse({"--ca=ca", "--cert", "cert", "--key=key", "-k"}).tls;
  EXPECT_EQ(both.ca_file, "ca");
  EXPECT_EQ(both.identity.certificate_file, "cert");
  EXPECT_EQ(both.identity.private_key_file, "key");
  EXPECT_TRUE(both.dangerously_accept_any_certificate);
  EXPECT_EQ(Parse({"--cert=both"}).tls.identity.private_key_file, "both");
  EXPECT_FALSE(Parse({}).tls.dangerously_accept_any_certificate);
  EXPECT_EQ(Error({"--key=key"}), "--key requires --cert");
}

TEST(ConnectOptionsTest, TheWayThere) {
  const ConnectOptions options = Parse({"--proxy=socks5://localhost", "--max-redirects=3"});
  EXPECT_EQ(options.proxy, "socks5://localhost");
  EXPECT_EQ(options.max_redirects, 3);
}

TEST(ConnectOptionsTest, Durations) {
  EXPECT_EQ(Parse({"--wait=200ms"}).wait, absl::Milliseconds(200));
  EXPECT_EQ(Parse({"--wait=2.5"}).wait, absl::Seconds(2.5));
  EXPECT_EQ(Parse({"--wait=inf"}).wait, absl::InfiniteDuration());
  EXPECT_EQ(Parse({"-w0"}).wait, absl::ZeroDuration());
  EXPECT_EQ(Parse({"--ping=1s"}).ping, absl::Seconds(1));
  EXPECT_EQ(Parse({"--timeout=1m"}).timeout, absl::Minutes(1));
  for (const absl::string_view bad : {"soon", "-1s", ""}) {
    EXPECT_EQ(Error({absl::StrCat("--wait=", bad)}),
              absl::StrCat("--wait: \"", bad, "\" is not a duration such as 5s, 200ms or inf"));
  }
}

TEST(ConnectOptionsTest, NothingIsDoneEveryNoSeconds) {
  EXPECT_EQ(Error({"--ping=0"}), "--ping: must be more than 0");
  EXPECT_EQ(Error({"--timeout=0"}), "--timeout: must be more than 0");
}

TEST(ConnectOptionsTest, Compression) {
  EXPECT_TRUE(Parse({"-z"}).compress);
  EXPECT_FALSE(Parse({}).compress);
}

TEST(ConnectOptionsTest, Numbers) {
  EXPECT_EQ(Parse({"--max-message-bytes=100"}).max_message_bytes, 100u);
  EXPECT_EQ(Parse({"-n3"}).receive, 3u);
  for (const absl::string_view bad : {"0", "-1", "x", ""}) {
    EXPECT_EQ(Error({"--receive", bad}),
              absl::StrCat("--receive: \"", bad, "\" is not a number above 0"));
  }
}

TEST(ConnectOptionsTest, Input) {
  EXPECT_EQ(Parse({"--binary"}).split, Split::kWhole);
  EXPECT_EQ(Parse({"--binary", "--input=lines"}).split, Split::kLines);
  EXPECT_EQ(Parse({"--input=stream", "--binary"}).split, Split::kStream);
  EXPECT_EQ(Parse({"--input=whole"}).split, Split::kWhole);
  EXPECT_EQ(Error({"--input=words"}), "--input: \"words\" is not lines, whole or stream");
}

TEST(ConnectOptionsTest, Close) {
  const ConnectOptions options = Parse({"--close=4001 going home"});
  EXPECT_EQ(static_cast<int>(options.close_code), 4001);
  EXPECT_EQ(options.close_reason, "going home");
  EXPECT_EQ(Parse({"--close=1001"}).close_code, CloseCode::kGoingAway);
  for (const absl::string_view bad : {"1005", "1006", "999", "5000", "70536", "x", ""}) {
    EXPECT_EQ(
        Error({absl::StrCat("--close=", bad)}),
        absl::StrCat("--close: \"", bad,
                     "\" is not a close code that may be sent, such as 1000 or 3000 to 4999"));
  }
  EXPECT_EQ(Error({absl::StrCat("--close=1000 ", std::string(124, 'x'))}),
            "--close: the reason has 124 bytes, more than 123");
}

TEST(ConnectOptionsTest, Exec) {
  EXPECT_EQ(Parse({"--exec=cat"}).exec, "cat");
  EXPECT_EQ(Parse({"--exec=cat"}).split, Split::kLines);
  EXPECT_EQ(Parse({"--exec=cat", "--binary"}).split, Split::kStream);
  EXPECT_EQ(Error({"--exec=cat", "--json"}), "--json and --exec exclude each other");
  EXPECT_EQ(Error({"--exec=cat", "-t"}), "--timestamps and --exec exclude each other");
}

TEST(ConnectOptionsTest, HelpNeedsNoUrl) {
  const absl::StatusOr<ConnectOptions> options = ParseConnectOptions({"-h"});
  ASSERT_TRUE(options.ok());
  EXPECT_TRUE(options->help);
}

TEST(ConnectOptionsTest, TheHelpFitsATerminal) {
  for (const absl::string_view line : absl::StrSplit(HelpText(ConnectCommandHelp()), '\n')) {
    EXPECT_LE(line.size(), 88u) << line;
  }
}

// ---- Typed commands ----

using Kind = TypedCommand::Kind;

TEST(TypedCommandTest, MessagesAndSlashes) {
  for (const auto& [line, payload] :
       std::vector<std::pair<std::string, std::string>>{{"hello", "hello"},
                                                        {" /ping", " /ping"},
                                                        {"//x", "/x"},
                                                        {"///", "//"},
                                                        {"/empty", ""}}) {
    const absl::StatusOr<TypedCommand> typed = ParseTyped(line);
    ASSERT_TRUE(typed.ok()) << line << typed.status();
    EXPECT_EQ(typed->kind, Kind::kSend);
    EXPECT_EQ(typed->payload, payload);
  }
}

TEST(TypedCommandTest, Binary) {
  EXPECT_EQ(ParseTyped("/binary 00 fF10")->payload, std::string("\0\xff\x10", 3));
  EXPECT_EQ(ParseTyped("/binary 00 fF10")->kind, Kind::kBinary);
  EXPECT_EQ(ParseTyped("/binary")->payload, "");
  EXPECT_EQ(ParseTyped("/binary 0x1").status().message(),
            "/binary takes bytes in hexadecimal, such as 00 ff 10");
  EXPECT_EQ(ParseTyped("/binary 123").status().message(),
            "/binary takes two hexadecimal digits for each byte");
}

TEST(TypedCommandTest, Close) {
  EXPECT_EQ(ParseTyped("/close")->code, CloseCode::kNormal);
  EXPECT_EQ(ParseTyped("/close 4001 good bye")->payload, "good bye");
  EXPECT_EQ(static_cast<int>(ParseTyped("/close 4001 good bye")->code), 4001);
  EXPECT_EQ(ParseTyped("/close 1006").status().message(),
            "\"1006\" is not a close code that may be sent, such as 1000 or 3000 to 4999");
}

TEST(TypedCommandTest, Others) {
  EXPECT_EQ(ParseTyped("/ping")->kind, Kind::kPing);
  EXPECT_EQ(ParseTyped("/help ")->kind, Kind::kHelp);
  EXPECT_EQ(ParseTyped("/ping x").status().message(), "/ping takes no argument");
  EXPECT_EQ(ParseTyped("/etc/passwd").status().message(),
            "there is no command /etc/passwd; begin with // to send a message with a slash, or see "
            "/help");
}

}  // namespace
}  // namespace weft::cli
