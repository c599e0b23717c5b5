// The SHA-1 of chapter 2, which the course does not ask you to write.

#ifndef WEFT_COURSE_SHA1_H_
#define WEFT_COURSE_SHA1_H_

#include <openssl/sha.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace course {

// The 20 bytes of the SHA-1 of `bytes` (FIPS 180-4).
inline std::string Sha1(absl::string_view bytes) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
       reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

}  // namespace course

#endif  // WEFT_COURSE_SHA1_H_
