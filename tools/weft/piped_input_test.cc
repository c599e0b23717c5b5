#include "tools/weft/piped_input.h"

#include <unistd.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/fd.h"
#include "weft/transport/notification.h"

namespace weft::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PipedInputTest : public ::testing::Test {
 protected:
  PipedInputTest() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    in_.reset(ends[0]);
    out_.reset(ends[1]);
  }

  void Write(absl::string_view bytes) {
    ASSERT_EQ(write(out_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  // The next piece, with "+" after it if its message continues, or "end".
  std::string Next(PipedInput& input) {
    const absl::StatusOr<std::optional<PipedInput::Piece>> piece = input.Next();
    if (!piece.ok()) return std::string(piece.status().message());
    if (!piece->has_value()) return "end";
    return absl::StrCat((*piece)->bytes, (*piece)->last ? "" : "+");
  }

  // All pieces, without the end.
  std::vector<std::string> Read(Split split, absl::string_view bytes) {
    std::thread writer([this, bytes] {
      Write(bytes);
      out_.reset();
    });
    PipedInput input(in_.get(), split, stop_);
    std::vector<std::string> pieces;
    while (true) {
      std::string piece = Next(input);
      if (piece == "end") break;
      pieces.push_back(std::move(piece));
    }
    writer.join();
    return pieces;
  }

  UniqueFd in_;
  UniqueFd out_;
  const Notification stop_ = *Notification::Create();
};

TEST_F(PipedInputTest, Lines) {
  EXPECT_THAT(Read(Split::kLines, "one\n\n two \r\nthree\n"),
              ElementsAre("one", "", " two \r", "three"));
}

TEST_F(PipedInputTest, TheLastLineNeedsNoNewline) {
  EXPECT_THAT(Read(Split::kLines, "one\ntwo"), ElementsAre("one", "two"));
}

TEST_F(PipedInputTest, NothingIsNoMessage) { EXPECT_THAT(Read(Split::kLines, ""), IsEmpty()); }

TEST_F(PipedInputTest, NothingAtAllIsNoMessageEither) {
  EXPECT_THAT(Read(Split::kWhole, ""), IsEmpty());
}

TEST_F(PipedInputTest, ManyLines) {
  std::string all;
  std::vector<std::string> lines;
  for (int i = 0; i < 50'000; ++i) {
    lines.push_back(absl::StrCat("line ", i));
    absl::StrAppend(&all, lines.back(), "\n");
  }
  EXPECT_EQ(Read(Split::kLines, all), lines);
}

TEST_F(PipedInputTest, LongLinesComeInPieces) {
  const std::string full(PipedInput::kMaxPieceBytes, 'x');
  EXPECT_THAT(Read(Split::kLines, absl::StrCat("a\n", full, full, "y\nb\n")),
              ElementsAre("a", full + "+", full + "+", "y", "b"));
}

TEST_F(PipedInputTest, ALineOfExactlyAPiece) {
  const std::string full(PipedInput::kMaxPieceBytes, 'x');
  EXPECT_THAT(Read(Split::kLines, absl::StrCat(full, "\nb")), ElementsAre(full + "+", "", "b"));
}

TEST_F(PipedInputTest, Whole) {
  EXPECT_THAT(Read(Split::kWhole, "one\ntwo\n"), ElementsAre("one\ntwo\n"));
}

TEST_F(PipedInputTest, AWholeOfManyPieces) {
  const std::string full(PipedInput::kMaxPieceBytes, 'x');
  EXPECT_THAT(Read(Split::kWhole, full + full), ElementsAre(full + "+", full + "+", ""));
}

TEST_F(PipedInputTest, AStreamComesAsItIsWritten) {
  PipedInput input(in_.get(), Split::kStream, stop_);
  for (const absl::string_view bytes : {"a", "b\nc", "\n"}) {
    Write(bytes);
    EXPECT_EQ(Next(input), bytes);
  }
  out_.reset();
  EXPECT_EQ(Next(input), "end");
}

TEST_F(PipedInputTest, StopsWhileItWaits) {
  PipedInput input(in_.get(), Split::kLines, stop_);
  Write("half a li");
  std::thread other([this] { stop_.Notify(); });
  EXPECT_TRUE(absl::IsCancelled(input.Next().status()));
  other.join();
}

TEST_F(PipedInputTest, SaysWhatCannotBeRead) {
  PipedInput input(out_.get(), Split::kLines, stop_);
  in_.reset();  // makes the other end ready
  EXPECT_THAT(Next(input), ::testing::HasSubstr("cannot read the input"));
}

}  // namespace
}  // namespace weft::cli
