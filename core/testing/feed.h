// Feeds a connection its input, cut in every way that a network can cut it.

#ifndef WEFT_CORE_TESTING_FEED_H_
#define WEFT_CORE_TESTING_FEED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/event.h"

namespace weft::testing {

// "text Hello", "binary ...", "ping x", "close 1000 bye"; a piece of a message that is not whole is
// marked: "text [begin] Hel", "text [end] lo".
std::string Describe(const Event& event);

// How input is cut into reads, and the size of the scratch buffer for each read.
class Cuts {
 public:
  static Cuts Whole();
  static Cuts ByteByByte();
  static Cuts Random(uint32_t seed);  // reads of 1 to 300 bytes, a scratch of 1 to 600

  // The same, with Connection::KeepInput after each event.
  Cuts WithRests() const;

  // The same, with Connection::TakePayload after each event; the taken payloads are checked again
  // at the end.
  Cuts WithPayloadsTaken() const;

  size_t Next();
  size_t scratch_size() const { return scratch_size_; }
  bool has_rests() const { return has_rests_; }
  bool takes_payloads() const { return takes_payloads_; }

 private:
  bool has_rests_ = false;
  bool takes_payloads_ = false;
  uint32_t state_ = 0;  // seed of a small generator; 0: always `size_`
  size_t size_ = 1;
  size_t scratch_size_ = 1;
};

// Feeds all of `input` to `connection`, then, if `eof`, the end of the stream, with
// Connection::Rest after each read. Returns all events.
// The scratch is overwritten after every read, and at every KeepInput, so that nothing can depend
// on its old content.
std::vector<std::string> Feed(Connection& connection, absl::string_view input, Cuts cuts,
                              bool eof = false);

// The reaction of a connection to its input.
struct Outcome {
  std::vector<std::string> events;
  std::vector<std::string> sent;  // DescribeFrames of its output
  std::string status;
};

// Feeds `input` to a new connection whole, byte by byte and cut at random, with KeepInput and
// without, alone and in a group with pools; returns the outcome of the first run. Calls `differs`
// with a text for each run whose outcome is different. The connection uses permessage-deflate as
// `deflate` says, if present.
Outcome FeedInEveryWay(Role role, const ConnectionOptions& options, absl::string_view input,
                       absl::FunctionRef<void(const std::string&)> differs, bool eof = false,
                       const std::optional<DeflateAgreement>& deflate = std::nullopt);

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_FEED_H_
