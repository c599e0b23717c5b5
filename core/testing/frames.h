// Valid and invalid frames as strings, as input for any code that reads frames.

#ifndef WEFT_CORE_TESTING_FRAMES_H_
#define WEFT_CORE_TESTING_FRAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"

namespace weft::testing {

// The key that the RFC's examples use (section 5.7).
inline constexpr MaskingKey kTestKey = {0x37, 0xfa, 0x21, 0x3d};

// A frame with exactly this header, followed by `payload`, masked if the header says so. The length
// is that of the payload, whatever the header says.
std::string Frame(FrameHeader header, absl::string_view payload);

// A frame in the form that a client and a server must send.
std::string ClientFrame(Opcode opcode, absl::string_view payload, bool fin = true);
std::string ServerFrame(Opcode opcode, absl::string_view payload, bool fin = true);

// The payload of a Close frame.
std::string ClosePayload(CloseCode code, absl::string_view reason = "");

// All frames in `bytes`, each as text: "fin text Hello", "fin compressed text ...", "close 1002 the
// reason"; "incomplete" at the end if bytes are left over.
std::vector<std::string> DescribeFrames(absl::string_view bytes);

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_FRAMES_H_
