// Runs the tests of an exercise that is not written, and checks that each of them fails, because a
// function is not written, with all that a failure says. Without CI in the environment, tests that
// do not fail so are taken for those of an exercise that a learner has begun.

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace {

constexpr int kMinTests = 5;

class Listener : public testing::EmptyTestEventListener {
 public:
  const std::vector<std::string>& defects() const { return defects_; }

 private:
  void OnTestStart(const testing::TestInfo& /*test*/) override { unwritten_ = false; }

  void OnTestPartResult(const testing::TestPartResult& result) override {
    const std::string text = result.message();
    unwritten_ |= absl::StrContains(text, "\n  came back: not written yet: ");
    for (const char* part : {"  sent:      ", "\n  came back: ", "\n  expected:  ",
                             "\n  rule:      RFC ", "\n  hint:      "}) {
      const size_t at = text.find(part);
      if (at == std::string::npos) {
        text_.push_back(absl::StrCat("a failure without \"", part, "\": ", text));
      } else if (text.size() <= at + std::string(part).size() ||
                 text[at + std::string(part).size()] == '\n') {
        text_.push_back(absl::StrCat("a failure that says nothing after \"", part, "\": ", text));
      }
    }
  }

  void OnTestEnd(const testing::TestInfo& test) override {
    const std::string name = absl::StrCat(test.test_suite_name(), ".", test.name());
    if (test.result()->Passed()) {
      defects_.push_back(absl::StrCat(name, " passes"));
    } else if (!unwritten_) {
      defects_.push_back(absl::StrCat(name, " fails, but not because a function is not written"));
    }
    for (const std::string& text : text_) defects_.push_back(absl::StrCat(name, ": ", text));
    text_.clear();
  }

  bool unwritten_ = false;
  std::vector<std::string> text_;  // of the running test
  std::vector<std::string> defects_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  Listener listener;
  listeners.Append(&listener);
  if (RUN_ALL_TESTS() == 0) std::cout << "all tests pass\n";
  listeners.Release(&listener);

  const int count = testing::UnitTest::GetInstance()->total_test_count();
  for (const std::string& defect : listener.defects()) std::cout << defect << "\n";
  if (count < kMinTests) {
    std::cout << "a chapter has at least " << kMinTests << " tests, this one has " << count << "\n";
    return 1;
  }
  std::cout << count << " tests of the unwritten exercise, " << listener.defects().size()
            << " defects\n";
  if (listener.defects().empty() || std::getenv("CI") != nullptr)
    return !listener.defects().empty();
  std::cout << "CI is not set: this exercise is taken for one that has been begun\n";
  return 0;
}
