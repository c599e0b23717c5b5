#include "weft/bench/engine/parsed_echoes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/http/quote.h"

namespace weft::bench {
namespace {

constexpr size_t kMaxQueuedBytes = 1 << 20;
constexpr size_t kScratchBytes = 16 << 10;

ConnectionOptions OptionsFor(const EchoStream& echoes) {
  ConnectionOptions options;
  // An echo that is too long is described as a wrong one, unless it is far too long.
  options.max_message_bytes = 2 * echoes.echo_size() + (1 << 20);
  options.compression.use = CompressionOptions::Use::kOn;
  return options;
}

absl::string_view KindOf(Opcode opcode) { return opcode == Opcode::kText ? "text" : "binary"; }

std::string Describe(Opcode opcode, absl::string_view payload) {
  constexpr size_t kShown = 40;
  return absl::StrCat(payload.size(), payload.size() == 1 ? " byte" : " bytes", " (",
                      KindOf(opcode), ": ", Quote(payload.substr(0, kShown)),
                      payload.size() > kShown ? "..." : "", ")");
}

}  // namespace

ParsedEchoes::ParsedEchoes(const EchoStream& echoes)
    : echoes_(echoes), options_(OptionsFor(echoes)), connection_(Role::kClient, options_) {}

void ParsedEchoes::UseDeflate(const DeflateAgreement& agreement) {
  connection_.UseDeflate(agreement, options_);
}

absl::Status ParsedEchoes::Take(absl::string_view bytes, uint64_t started, uint64_t* completed) {
  std::array<char, kScratchBytes> scratch;
  while (!bytes.empty()) {
    const absl::Span<char> into = connection_.ReadBuffer(absl::MakeSpan(scratch));
    const size_t size = std::min(into.size(), bytes.size());
    std::copy_n(bytes.begin(), size, into.begin());
    connection_.DidRead(size);
    bytes.remove_prefix(size);
    while (const std::optional<Event> event = connection_.NextEvent()) {
      absl::Status status = Check(*event, started, completed);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status ParsedEchoes::Check(const Event& event, uint64_t started, uint64_t* completed) const {
  if (event.type == Event::Type::kClose) {
    if (!connection_.status().ok()) return connection_.status();
    return absl::AbortedError(
        absl::StrCat("Close frame ", CloseText(event.close_code, event.payload)));
  }
  if (event.type != Event::Type::kMessage) return absl::OkStatus();
  if (*completed == started) {
    return absl::DataLossError(absl::StrCat("a message that answers none of ours: ",
                                            Describe(event.opcode, event.payload)));
  }
  const absl::string_view sent = echoes_.Payload(*completed);
  if (event.opcode != echoes_.opcode() || event.payload != sent) {
    return absl::DataLossError(absl::StrCat("received ", Describe(event.opcode, event.payload),
                                            " and not the echo of ",
                                            Describe(echoes_.opcode(), sent)));
  }
  ++*completed;
  return absl::OkStatus();
}

bool ParsedEchoes::Send(uint64_t message) {
  if (connection_.queued_bytes() >= kMaxQueuedBytes) return false;
  // An error follows a Close frame, which Take() reports.
  return connection_.SendMessage(echoes_.opcode(), echoes_.Payload(message)).ok();
}

IoResult ParsedEchoes::Write(Stream& stream) {
  IoResult result;
  while (has_output()) {
    const std::array<absl::string_view, 2> parts = connection_.WriteBuffers();
    result = stream.Writev(parts);
    if (!result.ok()) break;
    connection_.DidWrite(result.bytes);
  }
  return result;
}

}  // namespace weft::bench
