#include "weft/core/version.h"

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(VersionTest, IsThatOfTheModule) {
  std::ifstream file("MODULE.bazel");
  ASSERT_TRUE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  const std::string module = text.str().substr(text.str().find("module("));
  EXPECT_THAT(module.substr(0, module.find(')')),
              ::testing::HasSubstr(absl::StrCat("\n    version = \"", kVersion, "\",\n")));
}

}  // namespace
}  // namespace weft
