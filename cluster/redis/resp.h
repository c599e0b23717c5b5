// RESP2, the protocol of Redis: https://redis.io/docs/latest/develop/reference/protocol-spec.

#ifndef WEFT_CLUSTER_REDIS_RESP_H_
#define WEFT_CLUSTER_REDIS_RESP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace weft {

// A reply, or an element of one. Texts and elements that the type does not have are empty.
struct RespValue {
  enum class Type : uint8_t { kNil, kInteger, kString, kStatus, kError, kArray };

  Type type = Type::kNil;
  int64_t integer = 0;                // kInteger
  std::string text{};                 // kString, kStatus, kError
  std::vector<RespValue> elements{};  // kArray

  bool is(Type other) const { return type == other; }
  bool is_error() const { return type == Type::kError; }

  // Whether it is a string or a status with this text.
  bool IsText(absl::string_view other) const {
    return (type == Type::kString || type == Type::kStatus) && text == other;
  }

  friend bool operator==(const RespValue&, const RespValue&) = default;
};

// Appends a command with its arguments, each of which may have any bytes.
void AppendCommand(absl::Span<const absl::string_view> arguments, std::string* out);

// Appends a command piece by piece: its number of arguments, then each argument.
void AppendCommandHead(size_t arguments, std::string* out);
void AppendArgument(absl::string_view argument, std::string* out);

// Reads replies, by hiredis' reader. Without I/O; not thread-safe.
//
//   reader.Feed(bytes);
//   while (true) {
//     absl::StatusOr<RespValue*> reply = reader.Next();
//     if (!reply.ok()) return Close(reply.status());
//     if (*reply == nullptr) break;  // wait for more bytes
//     Use(std::move(**reply));
//   }
class RespReader {
 public:
  // Limits of a reply. A server that exceeds one is not a Redis, or not one of ours.
  static constexpr size_t kMaxReplyBytes = size_t{64} << 20;  // of all strings, or not yet parsed
  static constexpr size_t kMaxLineBytes = size_t{64} << 10;   // of a status or an error
  static constexpr size_t kMaxElements = size_t{1} << 16;     // of all its arrays
  static constexpr int kMaxDepth = 7;                         // of arrays in arrays

  RespReader();
  ~RespReader();
  RespReader(const RespReader&) = delete;
  RespReader& operator=(const RespReader&) = delete;

  void Feed(absl::string_view bytes);

  // The next reply, or null if its last bytes have not arrived. It stays valid until the next call,
  // and can be moved from. InvalidArgument for bytes that are not RESP2 or exceed a limit: nothing
  // can be read after it.
  absl::StatusOr<RespValue*> Next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_RESP_H_
