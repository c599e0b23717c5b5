#include "weft/core/deflate/codec_pool.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

std::string DeflatedBy(Deflater& deflater, absl::string_view text) {
  std::string out(deflater.Bound(text.size()), '\0');
  out.resize(deflater.Deflate(text, /*last=*/true, out.data()));
  return out;
}

TEST(CodecPoolTest, GivesBackWhatFitsAndHasForgotten) {
  CodecPool pool;
  std::unique_ptr<Deflater> deflater = pool.TakeDeflater({});
  const Deflater* const first = deflater.get();
  const std::string hello = DeflatedBy(*deflater, "Hello"), again = DeflatedBy(*deflater, "Hello");
  EXPECT_NE(again, hello);
  pool.Return(std::move(deflater));
  EXPECT_EQ(pool.unused_deflaters(), 1u);

  std::unique_ptr<Deflater> small = pool.TakeDeflater({.window_bits = 9});
  EXPECT_NE(small.get(), first);
  deflater = pool.TakeDeflater({});
  EXPECT_EQ(deflater.get(), first);
  EXPECT_EQ(DeflatedBy(*deflater, "Hello"), hello);
  EXPECT_EQ(pool.unused_deflaters(), 0u);

  std::unique_ptr<Inflater> inflater = pool.TakeInflater(15);
  const Inflater* const first_inflater = inflater.get();
  pool.Return(std::move(inflater));
  EXPECT_NE(pool.TakeInflater(14).get(), first_inflater);
  EXPECT_EQ(pool.unused_inflaters(), 1u);
  inflater = pool.TakeInflater(15);
  EXPECT_EQ(inflater.get(), first_inflater);
  char text[10];
  absl::string_view in = again;  // refers to the previous message
  absl::Span<char> room = absl::MakeSpan(text);
  EXPECT_EQ(inflater->Inflate(&in, &room, true), Inflater::Result::kCorrupt);
}

TEST(CodecPoolTest, KeepsNoMoreThanItsLimit) {
  CodecPool pool;
  for (size_t i = 0; i < CodecPool::kMaxUnused + 10; ++i) {
    pool.Return(std::make_unique<Inflater>(9));
    pool.Return(std::make_unique<Deflater>(DeflateSettings{.window_bits = 9, .memory_level = 1}));
  }
  EXPECT_EQ(pool.unused_inflaters(), CodecPool::kMaxUnused);
  EXPECT_EQ(pool.unused_deflaters(), CodecPool::kMaxUnused);
}

TEST(CodecPoolTest, TrimFreesWhatWasNotUsed) {
  CodecPool pool;
  std::unique_ptr<Inflater> a = pool.TakeInflater(15), b = pool.TakeInflater(15);
  std::unique_ptr<Deflater> c = pool.TakeDeflater({});
  pool.Return(std::move(a));
  pool.Return(std::move(b));
  pool.Return(std::move(c));
  pool.Trim();  // all three were in use just before
  EXPECT_EQ(pool.unused_inflaters(), 2u);
  pool.Return(pool.TakeInflater(15));
  pool.Trim();
  EXPECT_EQ(pool.unused_inflaters(), 1u);
  EXPECT_EQ(pool.unused_deflaters(), 0u);
  pool.Trim();
  EXPECT_EQ(pool.unused_inflaters(), 0u);
}

}  // namespace
}  // namespace weft
