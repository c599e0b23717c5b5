// Requests, clients and values for the tests of the servers of chapters 9 to 12.

#ifndef WEFT_COURSE_TESTING_TALK_H_
#define WEFT_COURSE_TESTING_TALK_H_

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "course/02_handshake/handshake.h"
#include "course/04_masking/masking.h"
#include "course/06_messages/messages.h"
#include "course/08_client/client.h"
#include "course/09_server/server.h"

namespace course::testing {

// Only a test that fails waits so long.
inline constexpr absl::Duration kTimeout = absl::Seconds(10);

inline constexpr MaskingKey kMask = {0x37, 0xFA, 0x21, 0x3D};

inline constexpr char kKey[] = "dGhlIHNhbXBsZSBub25jZQ==";

inline std::string Request() { return RequestFor("127.0.0.1", "/", kKey); }

inline void Echo(Conversation& conversation, const Event& message) {
  conversation.Send(message.opcode, message.payload);
}

// The client of chapter 8, connected. Throws std::runtime_error if it cannot.
inline std::unique_ptr<Client> Connected(int port) {
  auto client = Client::Connect("127.0.0.1", port, "/", kTimeout);
  if (!client.ok()) throw std::runtime_error("Connect: " + client.status().ToString());
  return *std::move(client);
}

}  // namespace course::testing

#endif  // WEFT_COURSE_TESTING_TALK_H_
