#include "weft/core/deflate/permessage_deflate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

constexpr absl::string_view kName = "permessage-deflate";
constexpr absl::string_view kServerNoTakeover = "server_no_context_takeover";
constexpr absl::string_view kClientNoTakeover = "client_no_context_takeover";
constexpr absl::string_view kServerBits = "server_max_window_bits";
constexpr absl::string_view kClientBits = "client_max_window_bits";

constexpr int kMinBits = 8;
constexpr int kMaxBits = 15;

// The parameters of an offer or of a response.
struct Parameters {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  std::optional<int> server_bits;
  std::optional<int> client_bits;
  bool client_bits_without_value = false;  // in an offer: the server may choose a value
};

// A decimal number from 8 to 15, without a sign or leading zeros (section 7.1.2.1).
std::optional<int> ParseBits(absl::string_view text) {
  for (int bits = kMinBits; bits <= kMaxBits; ++bits) {
    if (text == absl::StrCat(bits)) return bits;
  }
  return std::nullopt;
}

absl::Status Wrong(const ExtensionParameter& parameter, absl::string_view what) {
  const std::string value = parameter.value.has_value() ? absl::StrCat("=", *parameter.value) : "";
  return absl::InvalidArgumentError(
      absl::StrCat("in ", kName, " ", Quote(absl::StrCat(parameter.name, value)), " ", what));
}

absl::Status ParseFlag(const ExtensionParameter& parameter, bool* flag) {
  if (*flag) return Wrong(parameter, "appears twice");
  if (parameter.value.has_value()) return Wrong(parameter, "has a value");
  *flag = true;
  return absl::OkStatus();
}

absl::Status ParseWindow(const ExtensionParameter& parameter, std::optional<int>* bits) {
  if (bits->has_value()) return Wrong(parameter, "appears twice");
  if (!parameter.value.has_value()) return Wrong(parameter, "has no value");
  *bits = ParseBits(*parameter.value);
  return bits->has_value() ? absl::OkStatus() : Wrong(parameter, "is not 8 to 15");
}

absl::Status ParseOne(const ExtensionParameter& parameter, bool is_offer, Parameters* parameters) {
  if (parameter.name == kServerNoTakeover) {
    return ParseFlag(parameter, &parameters->server_no_takeover);
  }
  if (parameter.name == kClientNoTakeover) {
    return ParseFlag(parameter, &parameters->client_no_takeover);
  }
  if (parameter.name == kServerBits) return ParseWindow(parameter, &parameters->server_bits);
  if (parameter.name != kClientBits) return Wrong(parameter, "is not a parameter");
  if (parameters->client_bits_without_value) return Wrong(parameter, "appears twice");
  // Only an offer may leave the number to the other end (section 7.1.2.2).
  if (is_offer && !parameter.value.has_value() && !parameters->client_bits.has_value()) {
    parameters->client_bits_without_value = true;
    return absl::OkStatus();
  }
  return ParseWindow(parameter, &parameters->client_bits);
}

absl::StatusOr<Parameters> Parse(const Extension& extension, bool is_offer) {
  Parameters parameters;
  for (const ExtensionParameter& parameter : extension.parameters) {
    absl::Status status = ParseOne(parameter, is_offer, &parameters);
    if (!status.ok()) return status;
  }
  return parameters;
}

std::string Write(const Parameters& parameters) {
  std::string text(kName);
  if (parameters.server_no_takeover) absl::StrAppend(&text, "; ", kServerNoTakeover);
  if (parameters.client_no_takeover) absl::StrAppend(&text, "; ", kClientNoTakeover);
  if (parameters.server_bits.has_value()) {
    absl::StrAppend(&text, "; ", kServerBits, "=", *parameters.server_bits);
  }
  if (parameters.client_bits.has_value()) {
    absl::StrAppend(&text, "; ", kClientBits, "=", *parameters.client_bits);
  } else if (parameters.client_bits_without_value) {
    absl::StrAppend(&text, "; ", kClientBits);
  }
  return text;
}

// The parameter for a window; omitted for the largest.
std::optional<int> Mention(int bits, bool anyway = false) {
  return bits < kMaxBits || anyway ? std::optional<int>(bits) : std::nullopt;
}

// The windows that `options` ask for. Without takeover codecs are shared, so that a small window
// would save no memory.
int SendBits(bool takeover, const CompressionOptions& options) {
  return takeover ? options.send_window_bits : kMaxBits;
}
int ReceiveBits(bool takeover, const CompressionOptions& options) {
  return takeover ? options.receive_window_bits : kMaxBits;
}

AcceptedDeflate Accept(const Parameters& offer, const CompressionOptions& options) {
  Parameters response;
  DeflateAgreement agreement;

  agreement.send_takeover = options.send_takeover && !offer.server_no_takeover;
  response.server_no_takeover = !agreement.send_takeover;
  agreement.send_window_bits =
      std::min(SendBits(agreement.send_takeover, options), offer.server_bits.value_or(kMaxBits));
  response.server_bits = Mention(agreement.send_window_bits, offer.server_bits.has_value());

  agreement.receive_takeover = options.receive_takeover && !offer.client_no_takeover;
  // A client that offered no window must not be sent one (section 7.1.2.2).
  if (offer.client_bits.has_value() || offer.client_bits_without_value) {
    agreement.receive_window_bits = std::min(ReceiveBits(agreement.receive_takeover, options),
                                             offer.client_bits.value_or(kMaxBits));
    response.client_bits = Mention(agreement.receive_window_bits, offer.client_bits.has_value());
  }
  response.client_no_takeover = !agreement.receive_takeover;
  return {.agreement = agreement, .extension = Write(response)};
}

absl::Status CheckRange(absl::string_view name, int value, int min, int max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("compression.", name, " is ", value, ", expected ", min, " to ", max));
}

}  // namespace

absl::Status CheckCompressionOptions(const CompressionOptions& options) {
  absl::Status status =
      CheckRange("send_window_bits", options.send_window_bits, kMinBits, kMaxBits);
  status.Update(CheckRange("receive_window_bits", options.receive_window_bits, kMinBits, kMaxBits));
  status.Update(CheckRange("memory_level", options.memory_level, 1, 9));
  status.Update(CheckRange("level", options.level, 1, 9));
  return status;
}

absl::StatusOr<std::optional<AcceptedDeflate>> AcceptDeflate(const ExtensionList& offers,
                                                             const CompressionOptions& options) {
  if (options.use == CompressionOptions::Use::kOff) return std::nullopt;
  for (const Extension& extension : offers) {
    if (extension.name != kName) continue;
    const absl::StatusOr<Parameters> offer = Parse(extension, /*is_offer=*/true);
    if (offer.ok()) return Accept(*offer, options);
  }
  if (options.use != CompressionOptions::Use::kRequired) return std::nullopt;
  return absl::InvalidArgumentError("this server wants compression: offer permessage-deflate");
}

std::string DeflateOffer(const CompressionOptions& options) {
  if (options.use == CompressionOptions::Use::kOff) return "";
  Parameters offer = {
      .server_no_takeover = !options.receive_takeover,
      .client_no_takeover = !options.send_takeover,
      .server_bits = Mention(ReceiveBits(options.receive_takeover, options)),
      .client_bits = Mention(SendBits(options.send_takeover, options)),
      .client_bits_without_value = true,
  };
  std::string text = Write(offer);
  if (std::exchange(offer.server_bits, std::nullopt).has_value()) {
    absl::StrAppend(&text, ", ", Write(offer));
  }
  return text;
}

absl::StatusOr<std::optional<DeflateAgreement>> CheckDeflateResponse(
    const ExtensionList& response, const CompressionOptions& options) {
  if (response.empty()) {
    if (options.use != CompressionOptions::Use::kRequired) return std::nullopt;
    return absl::FailedPreconditionError(
        "the server did not accept compression, which this client requires");
  }
  for (const Extension& extension : response) {
    if (extension.name == kName && options.use != CompressionOptions::Use::kOff) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "the server chose the extension ", Quote(extension.name), ", which was not offered"));
  }
  if (response.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("the server chose ", kName, " twice"));
  }
  const absl::StatusOr<Parameters> chosen = Parse(response[0], /*is_offer=*/false);
  if (!chosen.ok()) return chosen.status();
  // The server must agree to the client's requirements (sections 7.1.1.1 and 7.1.2.1).
  if (!options.receive_takeover && !chosen->server_no_takeover) {
    return absl::InvalidArgumentError(
        absl::StrCat("the server chose ", kName, " without ", kServerNoTakeover));
  }
  // Any window of the server is right: one of the two offers does not limit it.
  DeflateAgreement agreement;
  agreement.send_takeover = options.send_takeover && !chosen->client_no_takeover;
  // The offer promised this window, whether or not the server keeps takeover (section 7.1.2.2).
  agreement.send_window_bits =
      std::min(SendBits(options.send_takeover, options), chosen->client_bits.value_or(kMaxBits));
  agreement.receive_takeover = !chosen->server_no_takeover;
  agreement.receive_window_bits = chosen->server_bits.value_or(kMaxBits);
  return agreement;
}

}  // namespace weft
