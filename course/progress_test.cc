#include "course/progress.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Chapter Frames() {
  return {.folder = "course/03_frames",
          .page = {.title = "3. Frames", .first_step = "Write DecodeHeader."},
          .tests = {"Frames.A", "Frames.B", "Frames.C"},
          .run = {},
          .trouble = ""};
}

TEST(ProgressTest, APageHasATitleAndAFirstStep) {
  const Page page = ReadPage(
      "# 3. Frames\n\n1. not this\n\n## Now you\n\nIn `exercise.cc`:\n\n1. Write `A`,\n   which is "
      "short.\n2. Write `B`.\n");
  EXPECT_EQ(page.title, "3. Frames");
  EXPECT_EQ(page.first_step, "Write `A`, which is short.");
}

TEST(ProgressTest, TestsOfAList) {
  EXPECT_THAT(ListedTests("Running main() from gtest_main.cc\nFrames.\n  A\n  B\nMore.\n  C\n"),
              ElementsAre("Frames.A", "Frames.B", "More.C"));
}

TEST(ProgressTest, GreenTestsOfARun) {
  const TestRun run = ReadRun(
      "[ RUN      ] Frames.A\n[       OK ] Frames.A (0 ms)\n[ RUN      ] Frames.B\n  sent: 81\n"
      "[  FAILED  ] Frames.B (0 ms)\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Frames.B\n");
  EXPECT_THAT(run.green, ElementsAre("Frames.A"));
  EXPECT_EQ(run.running, "");
}

TEST(ProgressTest, TheTestInWhichARunEnds) {
  const TestRun run =
      ReadRun("[ RUN      ] Frames.A\n[       OK ] Frames.A (0 ms)\n[ RUN      ] Frames.B\n");
  EXPECT_EQ(run.running, "Frames.B");
}

TEST(ProgressTest, AChapterThatIsNotBegun) {
  const std::string table = Table({Frames()}, /*colour=*/false);
  EXPECT_EQ(table,
            "Build a WebSocket yourself: 0 of 3 tests are green\n\n"
            "> 3. Frames                   [------------]  0 of 3    not begun\n\n"
            "Next: 3. Frames\n"
            "  Read       course/03_frames/README.md\n"
            "  First step Write DecodeHeader.\n"
            "  Write      course/03_frames/exercise.cc\n"
            "  Test       ./bazelw test //course/03_frames:exercise\n");
}

TEST(ProgressTest, AChapterThatIsBegunNamesTheFirstRedTest) {
  Chapter frames = Frames();
  frames.run.green = {"Frames.A", "Frames.C"};
  const std::string table = Table({frames}, /*colour=*/false);
  EXPECT_THAT(table, HasSubstr("[########----]  2 of 3"));
  EXPECT_THAT(table, HasSubstr("  Red test   Frames.B\n"));
  EXPECT_THAT(table, Not(HasSubstr("First step")));
}

TEST(ProgressTest, ACrashIsNamedWithItsTest) {
  Chapter frames = Frames();
  frames.run = {.green = {"Frames.A"}, .running = "Frames.B"};
  frames.trouble = "crashed (Segmentation fault)";
  EXPECT_THAT(Table({frames}, /*colour=*/false),
              HasSubstr("Your code crashed (Segmentation fault) in Frames.B; the tests after it"));
}

TEST(ProgressTest, TheNextChapterIsTheFirstWithARedTest) {
  Chapter done = Frames(), open = Frames();
  done.run.green = done.tests;
  open.page.title = "4. Masking";
  EXPECT_THAT(Table({done, open}, false), HasSubstr("  3. Frames                   [############]  "
                                                    "3 of 3    done\n> 4. Masking"));
  EXPECT_THAT(Table({done}, false), HasSubstr("\nAll chapters are done.\n"));
}

TEST(ProgressTest, ColourOnlyWhereItIsWanted) {
  EXPECT_THAT(Table({Frames()}, false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(Table({Frames()}, true), HasSubstr("\x1b[1m3. Frames"));
}

}  // namespace
}  // namespace course
