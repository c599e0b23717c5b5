#include "weft/core/handshake/accept_key.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

namespace weft {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kKeySize = 24;  // in base64, whose last two characters are "=="

absl::string_view View(const uint8_t* bytes, size_t size) {
  return absl::string_view(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

std::string RandomKey() {
  uint8_t bytes[kKeyBytes];
  RAND_bytes(bytes, sizeof(bytes));  // BoringSSL aborts instead of failing
  return absl::Base64Escape(View(bytes, sizeof(bytes)));
}

bool IsKey(absl::string_view key) {
  if (key.size() != kKeySize || !absl::EndsWith(key, "==")) return false;
  key.remove_suffix(2);
  return std::all_of(key.begin(), key.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '+' || c == '/'; });
}

std::string AcceptKey(absl::string_view key) {
  std::string accept;
  AppendAcceptKey(key, &accept);
  return accept;
}

void AppendAcceptKey(absl::string_view key, std::string* out) {
  SHA_CTX sha;
  SHA1_Init(&sha);
  SHA1_Update(&sha, key.data(), key.size());
  SHA1_Update(&sha, kAcceptGuid.data(), kAcceptGuid.size());
  uint8_t digest[SHA_DIGEST_LENGTH];
  SHA1_Final(digest, &sha);
  // Half the instructions of EVP_EncodeBlock, which takes the same time whatever the bytes are.
  out->append(absl::Base64Escape(View(digest, sizeof(digest))));
}

}  // namespace weft
