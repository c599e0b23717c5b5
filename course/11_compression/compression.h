// Chapter 11: compression of messages, the extension permessage-deflate (RFC 7692).

#ifndef WEFT_COURSE_11_COMPRESSION_COMPRESSION_H_
#define WEFT_COURSE_11_COMPRESSION_COMPRESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "course/02_handshake/handshake.h"
#include "course/03_frames/frames.h"
#include "course/06_messages/messages.h"
#include "course/09_server/server.h"

namespace course {

// ---- The negotiation ----

// How both ends compress (section 7.1).
struct Agreement {
  bool server_takeover = true;     // whether messages of the server may refer to earlier ones
  bool client_takeover = true;     // those of the client
  std::optional<int> server_bits;  // they refer at most 2^bits bytes back; if not agreed, 2^15
  std::optional<int> client_bits;
};

// The agreement on `offers`, the value of Sec-WebSocket-Extensions: it has all that the first valid
// offer of permessage-deflate asks for. Returns nothing if no offer is valid. An offer is invalid
// if a parameter of it is unknown, comes twice, or has a wrong value:
//
//   server_no_context_takeover, client_no_context_takeover    no value
//   server_max_window_bits                                    8 to 15, without leading zeros
//   client_max_window_bits                                    the same, or no value
//
// Other extensions are skipped. InvalidArgument if `offers` is not a list of extensions (RFC 6455,
// section 9.1): elements with commas between, each of which is a token and perhaps parameters:
//
//   name; parameter; parameter=token; parameter="token", name
//
// Elements may be empty; names, parameters and values may not. There may be spaces and tabs around
// the commas and semicolons.
absl::StatusOr<std::optional<Agreement>> Agree(absl::string_view offers);

// The value of Sec-WebSocket-Extensions with which a server accepts:
// "permessage-deflate; server_no_context_takeover; server_max_window_bits=10". The order of the
// parameters is that of Agreement.
std::string ExtensionFor(const Agreement& agreement);

// ---- Messages ----

// Compresses the messages of one direction.
class Deflater {
 public:
  Deflater(int bits, bool takeover);
  ~Deflater();

  // The whole payload of a message, which is not longer than 1 GB, compressed (section 7.2.1).
  std::string Deflate(absl::string_view message);

 private:
  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

// Inflates the messages of one direction.
class Inflater {
 public:
  static constexpr size_t kMaxOutput = 16384;

  enum class Result {
    kDone,     // all bytes are taken
    kMore,     // *output is full, and there may be more: call it again with the bytes that are left
    kCorrupt,  // not compressed data, or the message does not end in the header of an empty block
  };

  Inflater(int bits, bool takeover);
  ~Inflater();

  // Takes bytes of a message from *bytes, which may be cut anywhere, and sets *output to at most
  // kMaxOutput bytes of the message. `last`: no bytes of this message follow (section 7.2.2).
  Result Inflate(absl::string_view* bytes, bool last, std::string* output);

 private:
  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

// ---- The wire ----

// The Wire of a conversation that compresses, if the client offers it.
class DeflateWire : public Wire {
 public:
  // The limit is for the inflated message.
  explicit DeflateWire(uint64_t max_message_bytes = kMaxServedMessage);
  ~DeflateWire() override;

  // A refusal with 400 if Sec-WebSocket-Extensions is not a list of extensions.
  std::string Answer(const Head& request) override;
  // A failure with 1007 if a message cannot be inflated.
  std::vector<Event> Read(absl::string_view bytes) override;
  const std::optional<Failure>& failure() const override;
  // Text and binary messages are compressed.
  std::string Frame(Opcode opcode, absl::string_view payload) override;

 private:
  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

}  // namespace course

#endif  // WEFT_COURSE_11_COMPRESSION_COMPRESSION_H_
