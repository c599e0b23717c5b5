// pcapng_tshark_test.py lets Wireshark read a file.

#include "examples/inspect/pcapng.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace examples {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using weft::Role;

const absl::Time kAt = absl::FromUnixMicros((int64_t{7} << 32) + 5);

uint64_t LittleAt(absl::string_view bytes, size_t at, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

uint64_t BigAt(absl::string_view bytes, size_t at, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

// The bodies of all blocks of this type; checks that both sizes of each block are right.
std::vector<absl::string_view> BlocksOf(uint32_t type, absl::string_view file) {
  std::vector<absl::string_view> bodies;
  while (!file.empty()) {
    const uint64_t size = LittleAt(file, 4, 4);
    EXPECT_EQ(size % 4, 0u);
    EXPECT_EQ(LittleAt(file, size - 4, 4), size);
    if (LittleAt(file, 0, 4) == type) bodies.push_back(file.substr(8, size - 12));
    file.remove_prefix(size);
  }
  return bodies;
}

// The packets, without what a block has around them.
std::vector<absl::string_view> PacketsOf(absl::string_view file) {
  std::vector<absl::string_view> packets;
  for (const absl::string_view body : BlocksOf(6, file)) {
    packets.push_back(body.substr(20, LittleAt(body, 12, 4)));
  }
  return packets;
}

// The sum of all words is then 0xFFFF: RFC 1071.
uint32_t SumOf(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
  }
  return (sum & 0xFFFF) + (sum >> 16);
}

TEST(PcapngTest, BeginsWithASectionAndAnInterfaceOfIpPackets) {
  const PcapngWriter writer;
  EXPECT_EQ(LittleAt(writer.file(), 0, 4), 0x0A0D0D0Au);
  EXPECT_EQ(LittleAt(writer.file(), 8, 4), 0x1A2B3C4Du);
  const auto interfaces = BlocksOf(1, writer.file());
  ASSERT_EQ(interfaces.size(), 1u);
  EXPECT_EQ(LittleAt(interfaces[0], 0, 2), 101u);
}

TEST(PcapngTest, APacketHasItsTimeAndComment) {
  PcapngWriter writer;
  writer.Open(1, kAt, "to ws://a");
  const auto packets = BlocksOf(6, writer.file());
  ASSERT_EQ(packets.size(), 3u);
  EXPECT_EQ(LittleAt(packets[0], 4, 4), 7u);  // the upper half of the microseconds
  EXPECT_EQ(LittleAt(packets[0], 8, 4), 5u);
  // After the packet of 44 bytes: a comment of nine bytes, padded, and the end of the options.
  EXPECT_EQ(absl::BytesToHexString(packets[0].substr(64, 4)), "01000900");
  EXPECT_EQ(packets[0].substr(68), std::string("to ws://a\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(packets[1].size(), 64u);  // none
}

// Sequence numbers count the bytes of each end, and a SYN and a FIN as one.
TEST(PcapngTest, ConnectionsHaveTheSequenceNumbersOfTcp) {
  PcapngWriter writer;
  writer.Open(1, kAt, "");
  writer.Data(1, Role::kClient, kAt, "abc");
  writer.Data(1, Role::kServer, kAt, "defgh");
  writer.Open(2, kAt, "");
  writer.End(1, Role::kClient, kAt);
  writer.End(1, Role::kServer, kAt);
  std::vector<std::string> seen;
  for (const absl::string_view packet : PacketsOf(writer.file())) {
    const absl::string_view tcp = packet.substr(20);
    seen.push_back(absl::StrCat(BigAt(tcp, 0, 2), ">", BigAt(tcp, 2, 2), " ", BigAt(tcp, 4, 4), " ",
                                BigAt(tcp, 8, 4), " ", BigAt(tcp, 13, 1), " ",
                                tcp.substr(BigAt(tcp, 12, 1) / 16 * 4)));
  }
  EXPECT_THAT(seen, ElementsAre("49152>80 0 0 2 ", "80>49152 0 1 18 ", "49152>80 1 1 16 ",
                                "49152>80 1 1 24 abc", "80>49152 1 4 24 defgh", "49153>80 0 0 2 ",
                                "80>49153 0 1 18 ", "49153>80 1 1 16 ", "49152>80 4 6 17 ",
                                "80>49152 6 5 17 "));
}

TEST(PcapngTest, PacketsHaveTheirSizeAndChecksums) {
  PcapngWriter writer;
  writer.Open(1, kAt, "");
  for (const char* payload : {"even", "odd"}) writer.Data(1, Role::kServer, kAt, payload);
  for (const absl::string_view packet : PacketsOf(writer.file())) {
    EXPECT_EQ(BigAt(packet, 2, 2), packet.size());
    EXPECT_EQ(SumOf(packet.substr(0, 20)), 0xFFFFu);
    std::string pseudo(packet.substr(12, 8));
    const size_t tcp_size = packet.size() - 20;
    pseudo += {0, 6, static_cast<char>(tcp_size >> 8), static_cast<char>(tcp_size)};
    EXPECT_EQ(SumOf(absl::StrCat(pseudo, packet.substr(20))), 0xFFFFu);
  }
}

TEST(PcapngTest, ManyBytesAreSeveralPackets) {
  PcapngWriter writer;
  writer.Open(1, kAt, "");
  std::string bytes(100'000, 'x');
  bytes.back() = 'y';
  writer.Data(1, Role::kClient, kAt, bytes, "the last");
  std::string joined;
  const auto packets = PacketsOf(writer.file());
  EXPECT_EQ(packets.size(), 3u + 4u);
  for (size_t i = 3; i < packets.size(); ++i) absl::StrAppend(&joined, packets[i].substr(40));
  EXPECT_EQ(joined, bytes);
  EXPECT_THAT(std::string(BlocksOf(6, writer.file()).back()), HasSubstr("the last"));
  EXPECT_EQ(BlocksOf(6, writer.file())[3].size() % 4, 0u);
}

}  // namespace
}  // namespace examples
