#include "examples/names/code_points.h"

#include <algorithm>
#include <iterator>

namespace examples {
namespace {

struct Range {
  uint32_t first, last;
};

constexpr Range kSpaces[] = {{0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
                             {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                             {0x205f, 0x205f}, {0x3000, 0x3000}};

constexpr Range kOmitted[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},       {0x300, 0x36f},
    {0x61c, 0x61c},     {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff}, {0x200b, 0x200f},   {0x202a, 0x202e},
    {0x2060, 0x206f},   {0x20d0, 0x20ff}, {0x2800, 0x2800},   {0x3164, 0x3164},
    {0xe000, 0xf8ff},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0x10ffff}};

template <size_t kSize>
bool IsIn(const Range (&ranges)[kSize], uint32_t value) {
  return std::any_of(std::begin(ranges), std::end(ranges), [value](const Range& range) {
    return range.first <= value && value <= range.last;
  });
}

}  // namespace

CodePoint FirstCodePoint(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {1, first};
  const size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  uint32_t value = first & (0x7f >> size);
  for (size_t i = 1; i < size; ++i) value = value << 6 | (byte(i) & 0x3f);
  return {size, value};
}

bool IsSpace(uint32_t code_point) { return IsIn(kSpaces, code_point); }

bool IsOmittedFromNames(uint32_t code_point) { return IsIn(kOmitted, code_point); }

}  // namespace examples
