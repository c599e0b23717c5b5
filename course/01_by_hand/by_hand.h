// Chapter 1: reads the frames of a server that a shell has printed.

#ifndef WEFT_COURSE_01_BY_HAND_BY_HAND_H_
#define WEFT_COURSE_01_BY_HAND_BY_HAND_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace course {

// The bytes of a dump as od prints it: two hex digits a byte, with spaces and line ends between
// bytes. Anything else does not occur in a dump. "81 05\n 48" are the three bytes 0x81, 0x05, 0x48.
std::string BytesFromDump(absl::string_view dump);

// The size in bytes of the frame with which `bytes` begins: its header of 2 bytes and its payload.
// 0 if `bytes` ends before the frame does. The frame is one of a server, with at most 125 bytes of
// payload.
size_t FrameSize(absl::string_view bytes);

// A whole frame in words:
//
//   81 05 48 65 6c 6c 6f    text "Hello"
//   82 03 00 01 02          binary, 3 bytes
//   89 02 48 69             ping "Hi"
//   8a 00                   pong ""
//   88 05 03 e8 62 79 65    close 1000 "bye"
//   88 00                   close without a code
//   01 03 48 65 6c          text "Hel", not the last frame of its message
//   80 02 6c 6f             continuation "lo"
//   83 00                   reserved opcode 3
std::string DescribeFrame(absl::string_view frame);

// All whole frames of `bytes` in words, in their order. A frame that is cut off at the end is left
// out.
std::vector<std::string> DescribeFrames(absl::string_view bytes);

}  // namespace course

#endif  // WEFT_COURSE_01_BY_HAND_BY_HAND_H_
