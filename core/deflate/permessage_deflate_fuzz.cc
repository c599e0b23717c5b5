// An arbitrary header as input of both ends of the negotiation of permessage-deflate, with
// arbitrary options: the agreement respects the options, and each end reads what the other writes
// with the same meaning.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;

CompressionOptions OptionsFrom(uint8_t flags, uint8_t windows) {
  return {
      .use = static_cast<CompressionOptions::Use>(flags % 3),
      .send_takeover = (flags & 4) != 0,
      .send_window_bits = 8 + windows % 8,
      .receive_takeover = (flags & 8) != 0,
      .receive_window_bits = 8 + windows / 8 % 8,
  };
}

ExtensionList Parse(absl::string_view header) {
  ExtensionList extensions;
  Require(ParseExtensions(header, &extensions).ok(), "the written header is a valid list");
  return extensions;
}

void CheckServer(const ExtensionList& offers, const CompressionOptions& options) {
  const absl::StatusOr<std::optional<AcceptedDeflate>> answer = AcceptDeflate(offers, options);
  Require(answer.ok() || options.use == CompressionOptions::Use::kRequired,
          "no offer is an error where one is required only");
  if (!answer.ok() || !answer->has_value()) return;
  const std::optional<AcceptedDeflate>& accepted = *answer;
  const DeflateAgreement& ours = accepted->agreement;
  Require(options.use != CompressionOptions::Use::kOff,
          "nothing is accepted when compression is off");
  Require(ours.send_takeover <= options.send_takeover,
          "takeover is used only if the options allow it");
  Require(ours.receive_takeover <= options.receive_takeover, "... in both directions");
  Require(ours.send_window_bits <= options.send_window_bits || !ours.send_takeover,
          "with takeover, a window is at most as large as the options allow");

  // The client, whatever its options, comes to the same agreement.
  const auto theirs = CheckDeflateResponse(
      Parse(accepted->extension), {.use = CompressionOptions::Use::kOn, .send_window_bits = 15});
  Require(theirs.ok() && theirs->has_value(), "the client accepts the server's choice");
  Require((*theirs)->receive_takeover == ours.send_takeover &&
              (*theirs)->receive_window_bits == ours.send_window_bits &&
              (*theirs)->send_takeover == ours.receive_takeover &&
              (*theirs)->send_window_bits <= ours.receive_window_bits,
          "the client agrees with the server");
}

void CheckClient(const ExtensionList& response, const CompressionOptions& options) {
  const auto chosen = CheckDeflateResponse(response, options);
  if (!chosen.ok() || !chosen->has_value()) return;
  Require(response.size() == 1 && options.use != CompressionOptions::Use::kOff,
          "the chosen offer is one of those made");
  Require((*chosen)->send_takeover <= options.send_takeover,
          "takeover is used only if the options allow it");
  Require((*chosen)->receive_takeover <= options.receive_takeover, "... in both directions");
  Require((*chosen)->send_window_bits <= options.send_window_bits || !options.send_takeover,
          "a window is within the options");
}

// Without takeover, windows are the largest.
int Bits(bool takeover, int bits) { return takeover ? bits : 15; }

// A server that accepts everything accepts a client's offer, with the meaning intended.
void CheckOffer(const CompressionOptions& options) {
  const std::string offer = DeflateOffer(options);
  Require(offer.empty() == (options.use == CompressionOptions::Use::kOff),
          "an offer is made exactly if compression is on");
  if (offer.empty()) return;
  const auto accepted = *AcceptDeflate(
      Parse(offer),
      {.use = CompressionOptions::Use::kOn, .send_window_bits = 15, .receive_window_bits = 15});
  Require(accepted.has_value(), "an offer is acceptable");
  const auto checked = CheckDeflateResponse(Parse(accepted->extension), options);
  Require(checked.ok() && checked->has_value(), "the client accepts the answer to its offer");
  Require(
      (*checked)->send_takeover == options.send_takeover &&
          (*checked)->receive_takeover == options.receive_takeover &&
          (*checked)->send_window_bits == Bits(options.send_takeover, options.send_window_bits) &&
          (*checked)->receive_window_bits ==
              Bits(options.receive_takeover, options.receive_window_bits),
      "both ends agree on everything the options ask for");
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const weft::CompressionOptions options = weft::OptionsFrom(data[0], data[1]);
  weft::CheckOffer(options);
  weft::ExtensionList extensions;
  const absl::string_view header(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (!weft::ParseExtensions(header, &extensions).ok()) return 0;
  weft::CheckServer(extensions, options);
  weft::CheckClient(extensions, options);
  return 0;
}
