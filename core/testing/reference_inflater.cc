#include "weft/core/testing/reference_inflater.h"

#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"

namespace weft::testing {
namespace {

// Reads after the end return zeros and set ended_early().
class Bits {
 public:
  explicit Bits(absl::string_view bytes) : bytes_(bytes) {}

  uint32_t Next() {
    const size_t byte = at_ / 8;
    const uint32_t bit = byte < bytes_.size() ? static_cast<uint8_t>(bytes_[byte]) >> at_ % 8 : 0;
    ++at_;
    return bit & 1;
  }

  // The lowest bit first (section 3.1.1).
  uint32_t Number(int bits) {
    uint32_t number = 0;
    for (int i = 0; i < bits; ++i) number |= Next() << i;
    return number;
  }

  void SkipToByte() { at_ = (at_ + 7) / 8 * 8; }
  bool at_end() const { return at_ == bytes_.size() * 8; }
  bool ended_early() const { return at_ > bytes_.size() * 8; }

 private:
  const absl::string_view bytes_;
  size_t at_ = 0;
};

// A canonical Huffman code (section 3.2.2): the codes of one length are consecutive numbers,
// assigned to its symbols in order.
class Code {
 public:
  explicit Code(const std::vector<int>& lengths) {
    int next = 0;
    for (int length = 1; length <= kMaxLength; ++length) {
      next = (next + static_cast<int>(symbols_[length - 1].size())) * 2;
      first_[length] = next;
      for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] == length) symbols_[length].push_back(static_cast<int>(symbol));
      }
    }
  }

  // The next symbol, or -1 if the bits are not a code.
  int Next(Bits& bits) const {
    int code = 0;
    for (int length = 1; length <= kMaxLength; ++length) {
      code = code * 2 + static_cast<int>(bits.Next());
      const size_t index = code - first_[length];
      if (code >= first_[length] && index < symbols_[length].size()) return symbols_[length][index];
    }
    return -1;
  }

 private:
  static constexpr int kMaxLength = 15;
  std::array<int, kMaxLength + 1> first_{};
  std::array<std::vector<int>, kMaxLength + 1> symbols_;
};

// The meaning of a symbol: `base`, plus a number of `bits` bits that follow it (section 3.2.5).
struct Range {
  uint32_t base;
  int bits;
};

constexpr Range kLengths[] = {
    {3, 0},  {4, 0},  {5, 0},  {6, 0},   {7, 0},   {8, 0},   {9, 0},   {10, 0},  {11, 1}, {13, 1},
    {15, 1}, {17, 1}, {19, 2}, {23, 2},  {27, 2},  {31, 2},  {35, 3},  {43, 3},  {51, 3}, {59, 3},
    {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}};

constexpr Range kDistances[] = {{1, 0},     {2, 0},     {3, 0},      {4, 0},      {5, 1},
                                {7, 1},     {9, 2},     {13, 2},     {17, 3},     {25, 3},
                                {33, 4},    {49, 4},    {65, 5},     {97, 5},     {129, 6},
                                {193, 6},   {257, 7},   {385, 7},    {513, 8},    {769, 8},
                                {1025, 9},  {1537, 9},  {2049, 10},  {3073, 10},  {4097, 11},
                                {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}};

// Section 3.2.6.
std::vector<int> FixedLengths() {
  std::vector<int> lengths(144, 8);
  lengths.resize(256, 9);
  lengths.resize(280, 7);
  lengths.resize(288, 8);
  return lengths;
}

// The lengths of the two codes of a block (section 3.2.7). Empty if they are invalid.
std::vector<int> ReadLengths(Bits& bits, size_t lengths_codes, size_t distance_codes) {
  constexpr int kOrder[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const int count = 4 + static_cast<int>(bits.Number(4));
  std::vector<int> of_lengths(19, 0);
  for (int i = 0; i < count; ++i) of_lengths[kOrder[i]] = static_cast<int>(bits.Number(3));
  const Code code(of_lengths);

  std::vector<int> lengths;
  while (lengths.size() < lengths_codes + distance_codes) {
    const int symbol = code.Next(bits);
    if (symbol < 0 || bits.ended_early()) return {};
    if (symbol < 16) {
      lengths.push_back(symbol);
    } else if (symbol == 16) {
      if (lengths.empty()) return {};
      lengths.insert(lengths.end(), 3 + bits.Number(2), lengths.back());
    } else {
      lengths.insert(lengths.end(), symbol == 17 ? 3 + bits.Number(3) : 11 + bits.Number(7), 0);
    }
  }
  if (lengths.size() > lengths_codes + distance_codes) return {};
  return lengths;
}

// Section 3.2.4.
bool StoredBlock(Bits& bits, std::string* text) {
  bits.SkipToByte();
  const uint32_t size = bits.Number(16), complement = bits.Number(16);
  if (size + complement != 0xFFFF) return false;
  for (uint32_t i = 0; i < size && !bits.ended_early(); ++i) {
    text->push_back(static_cast<char>(bits.Number(8)));
  }
  return true;
}

// Decodes symbols until the end of the block.
bool CodedBlock(Bits& bits, const Code& literals, const Code& distances, size_t window,
                std::string* text) {
  while (!bits.ended_early()) {
    const int symbol = literals.Next(bits);
    if (symbol < 0) return false;
    if (symbol == 256) return true;
    if (symbol < 256) {
      text->push_back(static_cast<char>(symbol));
      continue;
    }
    if (symbol > 285) return false;
    const Range length_range = kLengths[symbol - 257];
    const uint32_t length = length_range.base + bits.Number(length_range.bits);
    const int distance_symbol = distances.Next(bits);
    if (distance_symbol < 0 || distance_symbol > 29) return false;
    const Range distance_range = kDistances[distance_symbol];
    const uint32_t distance = distance_range.base + bits.Number(distance_range.bits);
    if (distance > text->size() || distance > window) return false;
    for (uint32_t i = 0; i < length; ++i) text->push_back((*text)[text->size() - distance]);
  }
  return false;
}

bool Block(Bits& bits, size_t window, std::string* text) {
  switch (bits.Number(2)) {
    case 0:
      return StoredBlock(bits, text);
    case 1:
      return CodedBlock(bits, Code(FixedLengths()), Code(std::vector<int>(30, 5)), window, text);
    case 2: {
      const size_t literals = 257 + bits.Number(5), distances = 1 + bits.Number(5);
      const std::vector<int> lengths = ReadLengths(bits, literals, distances);
      if (lengths.empty()) return false;
      return CodedBlock(bits, Code({lengths.begin(), lengths.begin() + literals}),
                        Code({lengths.begin() + literals, lengths.end()}), window, text);
    }
    default:
      return false;
  }
}

}  // namespace

std::optional<std::string> ReferenceInflater::Inflate(absl::string_view message) {
  if (!takeover_) history_.clear();
  const size_t begin = history_.size();
  const std::string whole = absl::StrCat(message, absl::string_view("\x00\x00\xFF\xFF", 4));
  Bits bits(whole);
  do {
    const bool final = bits.Next() != 0;
    if (!Block(bits, window_, &history_) || bits.ended_early()) return std::nullopt;
    if (final) bits.SkipToByte();  // and continue (RFC 7692, section 7.2.3.4)
  } while (!bits.at_end());
  return history_.substr(begin);
}

}  // namespace weft::testing
