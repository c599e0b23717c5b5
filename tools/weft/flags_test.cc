// The values of flags, and the flags that commands share.

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/weft/client_flags.h"
#include "tools/weft/command_line.h"
#include "tools/weft/flag_values.h"

namespace weft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class SecretTest : public ::testing::Test {
 protected:
  ~SecretTest() override { unlink(path_.c_str()); }

  std::string File(absl::string_view content) {
    std::ofstream(path_) << content;
    return absl::StrCat("@", path_);
  }

  const std::string path_ = absl::StrCat(::testing::TempDir(), "/secret.", getpid());
};

absl::StatusOr<ClientFlags> Parse(const std::vector<absl::string_view>& words) {
  ClientFlags flags;
  absl::Status status = ParseFlags(words, FlagsOfClients(&flags)).status();
  if (status.ok()) status = FinishClientFlags(&flags);
  if (!status.ok()) return status;
  return flags;
}

std::string Error(const std::vector<absl::string_view>& words) {
  return std::string(Parse(words).status().message());
}

TEST_F(SecretTest, IsItself) { EXPECT_EQ(*ReadSecret("joe:se cret"), "joe:se cret"); }

TEST_F(SecretTest, OfAFile) {
  EXPECT_EQ(*ReadSecret(File("abc\n")), "abc");
  EXPECT_EQ(*ReadSecret(File("abc\r\n")), "abc");
  EXPECT_EQ(*ReadSecret(File("a\nb")), "a\nb");
  EXPECT_EQ(ReadSecret("@/no/such").status().message(),
            "cannot read /no/such: No such file or directory");
  EXPECT_THAT(std::string(ReadSecret(File(std::string(65537, 'x'))).status().message()),
              HasSubstr("has more than 65536 bytes"));
}

TEST_F(SecretTest, OfTheEnvironment) {
  setenv("WEFT_TEST_SECRET", "abc", 1);
  EXPECT_EQ(*ReadSecret("env:WEFT_TEST_SECRET"), "abc");
  unsetenv("WEFT_TEST_SECRET");
  EXPECT_EQ(ReadSecret("env:WEFT_TEST_SECRET").status().message(),
            "there is no environment variable WEFT_TEST_SECRET");
}

TEST_F(SecretTest, Flags) {
  const std::string file = File("tok.en\n");
  const absl::StatusOr<ClientFlags> flags =
      Parse({"--bearer", file, "--cookie=a=1; b=x=y", "--cookie=c="});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->bearer, "tok.en");
  EXPECT_THAT(flags->cookies, ElementsAre(Pair("a", "1"), Pair("b", "x=y"), Pair("c", "")));
  const std::string auth = File("joe:se:cret\n");
  EXPECT_EQ(Parse({"-u", auth})->auth->password, "se:cret");
  const std::string headers = File("A: 1\n\nB: 2\r\n");
  EXPECT_THAT(Parse({"-H", headers})->headers, ElementsAre(Pair("A", "1"), Pair("B", "2")));
}

TEST_F(SecretTest, ErrorsDoNotQuoteSecrets) {
  EXPECT_EQ(Error({"--bearer=a b"}),
            "--bearer: a token has letters, digits and -._~+/, and = at its end");
  EXPECT_EQ(Error({"--cookie=secret"}),
            "--cookie: must be NAME=VALUE, several separated by \"; \"");
  EXPECT_THAT(Error({absl::StrCat("-H", File("A: 1\nsecret\n"))}),
              HasSubstr(absl::StrCat("line 2 of ", path_, " is not a header")));
  EXPECT_THAT(Error({absl::StrCat("-H", File("secret"))}), Not(HasSubstr("secret\" ")));
  EXPECT_EQ(Error({"--auth=a:b", "--bearer=c"}), "--auth and --bearer exclude each other");
}

}  // namespace
}  // namespace weft::cli
