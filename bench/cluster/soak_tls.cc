#include "weft/bench/cluster/soak_tls.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/bench/cluster/soak_clients.h"
#include "weft/cluster/redis/resp.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft::bench {

SoakTls::SoakTls() {
  if (mkdtemp(folder_.data()) == nullptr) {
    std::perror(folder_.c_str());
    std::exit(1);
  }
  std::filesystem::create_directory(folder_ + "/ca");
  std::filesystem::copy(testing::TestCaFile(""), folder_ + "/ca");
  std::filesystem::copy(File("ca.pem"), folder_);
  SetClient("client");
}

SoakTls::~SoakTls() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string SoakTls::File(absl::string_view name) const {
  return absl::StrCat(folder_, "/ca/", name);
}

std::vector<std::string> SoakTls::RedisArguments() const {
  return {"--tls-port",     "TLS_PORT",         "--tls-cert-file",    File("server.pem"),
          "--tls-key-file", File("server.key"), "--tls-ca-cert-file", File("ca.pem")};
}

void SoakTls::SetServer(const testing::RedisProcess& redis, absl::string_view name) const {
  const std::string certificate = File(absl::StrCat(name, ".pem"));
  const std::string key = File(absl::StrCat(name, ".key"));
  const RespValue reply =
      redis.Do({"CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key});
  if (!reply.IsText("OK")) Die(absl::InternalError(reply.text));
}

// A node may read them at any moment: it then has two that do not fit, and connects again.
void SoakTls::SetClient(absl::string_view name) const {
  for (const absl::string_view kind : {".pem", ".key"}) {
    const std::string next = absl::StrCat(folder_, "/next");
    std::filesystem::copy(File(absl::StrCat(name, kind)), next);
    std::filesystem::rename(next, absl::StrCat(folder_, "/client", kind));
  }
}

}  // namespace weft::bench
