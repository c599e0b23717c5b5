#include "weft/core/version.h"

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(VersionTest, IsThatOfTheModule) {
  std::ifstream file("MODULE.bazel");
  ASSERT_TRUE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  const std::string module = text.str().substr(text.str().find("module("));
  const std::string head = module.substr(0, module.find(')'));
  EXPECT_TRUE(absl::StrContains(head, absl::StrCat("\n    version = \"", kVersion, "\",\n")))
      << head;
}

}  // namespace
}  // namespace weft
