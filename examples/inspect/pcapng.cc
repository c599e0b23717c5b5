#include "examples/inspect/pcapng.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace examples {
namespace {

using weft::Role;

// ---- Blocks of pcapng, here in little endian ----

constexpr uint32_t kSectionHeader = 0x0A0D0D0A;
constexpr uint32_t kInterface = 1;
constexpr uint32_t kPacket = 6;
constexpr uint32_t kByteOrder = 0x1A2B3C4D;
constexpr uint16_t kRawIp = 101;  // the type of link: packets begin with the header of IP
constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kComment = 1;

void Little(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// Everything in a block is padded to whole words of 32 bits.
void Pad(std::string* out) { out->append((4 - out->size() % 4) % 4, '\0'); }

void AddComment(absl::string_view comment, std::string* body) {
  if (comment.empty()) return;
  comment = comment.substr(0, UINT16_MAX);
  Little(kComment, 2, body);
  Little(comment.size(), 2, body);
  absl::StrAppend(body, comment);
  Pad(body);
  Little(kEndOfOptions, 4, body);
}

void AddBlock(uint32_t type, absl::string_view body, std::string* out) {
  const size_t size = body.size() + 12;
  Little(type, 4, out);
  Little(size, 4, out);
  absl::StrAppend(out, body);
  Little(size, 4, out);
}

// ---- Packets, in big endian ----

constexpr absl::string_view kClientAddress("\xC0\x00\x02\x01", 4);
constexpr absl::string_view kServerAddress("\xC0\x00\x02\x02", 4);
constexpr uint16_t kServerPort = 80;
constexpr int kFirstClientPort = 49152;  // the first of those that no service has
constexpr int kClientPorts = 65536 - kFirstClientPort;

constexpr uint8_t kFin = 1, kSyn = 2, kPush = 8, kAck = 16;
constexpr size_t kIpHeader = 20, kTcpHeader = 20;
constexpr size_t kMaxPayload = 32 << 10;  // of a packet, which may have 64 KiB

// Of a SYN: a window of up to 1 GiB, so that Wireshark does not find it full (RFC 7323).
constexpr absl::string_view kWindowScale("\x01\x03\x03\x0E", 4);

void Big(uint64_t value, int bytes, std::string* out) {
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// The checksum of the internet (RFC 1071).
uint16_t Checksum(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

void SetChecksum(uint16_t checksum, size_t at, std::string* header) {
  (*header)[at] = static_cast<char>(checksum >> 8);
  (*header)[at + 1] = static_cast<char>(checksum);
}

std::string Segment(uint16_t from, uint16_t to, uint32_t sequence, uint32_t acknowledged,
                    uint8_t flags, absl::string_view payload) {
  const absl::string_view options = (flags & kSyn) != 0 ? kWindowScale : "";
  std::string segment;
  Big(from, 2, &segment);
  Big(to, 2, &segment);
  Big(sequence, 4, &segment);
  Big(acknowledged, 4, &segment);
  Big((kTcpHeader + options.size()) / 4 << 4, 1, &segment);
  Big(flags, 1, &segment);
  Big(UINT16_MAX, 2, &segment);  // the window
  Big(0, 4, &segment);           // the checksum, set later; no urgent bytes
  absl::StrAppend(&segment, options, payload);
  return segment;
}

std::string IpPacket(absl::string_view from, absl::string_view to, std::string segment) {
  // The checksum of TCP is also over the addresses, the protocol and the size (RFC 9293).
  std::string pseudo = absl::StrCat(from, to);
  Big(6, 2, &pseudo);
  Big(segment.size(), 2, &pseudo);
  SetChecksum(Checksum(absl::StrCat(pseudo, segment)), 16, &segment);

  std::string header;
  Big(0x4500, 2, &header);  // IPv4, with a header of five words
  Big(kIpHeader + segment.size(), 2, &header);
  Big(0x00004000, 4, &header);  // not fragmented
  Big(0x4006, 2, &header);      // 64 hops, TCP
  Big(0, 2, &header);           // the checksum, set later
  absl::StrAppend(&header, from, to);
  SetChecksum(Checksum(header), 10, &header);
  return absl::StrCat(header, segment);
}

}  // namespace

PcapngWriter::PcapngWriter() {
  std::string section;
  Little(kByteOrder, 4, &section);
  Little(1, 2, &section);  // version 1.0
  Little(0, 2, &section);
  Little(UINT64_MAX, 8, &section);  // the size of the section: not told
  AddComment(
      "Recorded by the tap of Weft's inspect. Bytes and times are as recorded; the packets, their "
      "addresses and their ports are made up.",
      &section);
  AddBlock(kSectionHeader, section, &file_);

  std::string interface;
  Little(kRawIp, 2, &interface);
  Little(0, 2, &interface);
  Little(0, 4, &interface);  // packets are whole, however large
  AddBlock(kInterface, interface, &file_);
}

void PcapngWriter::Open(int connection, absl::Time at, absl::string_view comment) {
  connections_[connection] = {};
  Packet(connection, Role::kClient, kSyn, at, "", comment);
  Packet(connection, Role::kServer, kSyn | kAck, at, "");
  Packet(connection, Role::kClient, kAck, at, "");
}

void PcapngWriter::Data(int connection, Role sender, absl::Time at, absl::string_view bytes,
                        absl::string_view comment) {
  while (!bytes.empty()) {
    const absl::string_view payload = bytes.substr(0, kMaxPayload);
    bytes.remove_prefix(payload.size());
    Packet(connection, sender, kPush | kAck, at, payload, bytes.empty() ? comment : "");
  }
}

void PcapngWriter::End(int connection, Role sender, absl::Time at) {
  Packet(connection, sender, kFin | kAck, at, "");
}

void PcapngWriter::Packet(int connection, Role sender, uint8_t flags, absl::Time at,
                          absl::string_view payload, absl::string_view comment) {
  Ends& ends = connections_[connection];
  const bool by_client = sender == Role::kClient;
  uint32_t& sequence = by_client ? ends.client : ends.server;
  const uint32_t acknowledged = (flags & kAck) == 0 ? 0 : by_client ? ends.server : ends.client;
  const auto client_port =
      static_cast<uint16_t>(kFirstClientPort + (connection - 1) % kClientPorts);
  const uint16_t from = by_client ? client_port : kServerPort;
  const uint16_t to = by_client ? kServerPort : client_port;
  std::string segment = Segment(from, to, sequence, acknowledged, flags, payload);
  const std::string packet = by_client
                                 ? IpPacket(kClientAddress, kServerAddress, std::move(segment))
                                 : IpPacket(kServerAddress, kClientAddress, std::move(segment));
  sequence += static_cast<uint32_t>(payload.size());
  if ((flags & (kSyn | kFin)) != 0) ++sequence;  // which count as a byte

  const auto time = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMicros(at)));
  std::string body;
  Little(0, 4, &body);  // the interface
  Little(time >> 32, 4, &body);
  Little(time, 4, &body);
  Little(packet.size(), 4, &body);  // recorded
  Little(packet.size(), 4, &body);  // and on the wire
  absl::StrAppend(&body, packet);
  Pad(&body);
  AddComment(comment, &body);
  AddBlock(kPacket, body, &file_);
}

}  // namespace examples
