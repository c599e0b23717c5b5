#include "examples/cluster/cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace weft::panel {
namespace {

constexpr absl::string_view kNames[] = {"A", "B", "C"};
constexpr char kRedis[] = "redis";

}  // namespace

absl::StatusOr<uint16_t> Cluster::TakePort() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool ok = bind(socket, any, size) == 0 && getsockname(socket, any, &size) == 0;
  const int error = errno;
  if (socket >= 0) sockets_.push_back(socket);
  if (!ok) return absl::InternalError(absl::StrCat("no free port: ", std::strerror(error)));
  return ntohs(address.sin_port);
}

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Create(const std::string& chat) {
  auto cluster = std::unique_ptr<Cluster>(new Cluster());
  cluster->chat_ = chat;
  if (access(chat.c_str(), X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("--chat: there is no program ", chat,
                     "; start this one by ./bazelw run //examples/cluster, which builds it"));
  }
  cluster->redis_server_ = FindProgram("redis-server");
  if (cluster->redis_server_.empty()) {
    return absl::NotFoundError(
        "redis-server is not installed: apt-get install redis-server, or valkey with a link of "
        "that name");
  }
  const char* const root = std::getenv("TMPDIR");
  std::string folder = absl::StrCat(root != nullptr ? root : "/tmp", "/weft-cluster.XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make ", folder, ": ", std::strerror(errno)));
  }
  cluster->folder_ = std::move(folder);
  const absl::StatusOr<uint16_t> redis = cluster->TakePort();
  if (!redis.ok()) return redis.status();
  cluster->redis_port_ = *redis;
  for (size_t i = 0; i < std::size(kNames); ++i) {
    const absl::StatusOr<uint16_t> port = cluster->TakePort();
    if (!port.ok()) return port.status();
    cluster->nodes_.push_back(absl::StrCat("ws://127.0.0.1:", *port));
  }
  return cluster;
}

Cluster::~Cluster() {
  for (auto& [name, part] : parts_) part.process->Kill();  // the nodes first: they would complain
  for (const int socket : sockets_) close(socket);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

void Cluster::Start(const std::vector<std::string>& origins) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const int socket : sockets_) close(socket);
  sockets_.clear();
  // With "appendonly" nothing is lost when the process is killed. With "appendfsync no" it never
  // waits for a slow disk with what it has answered; a machine that fails is not shown here.
  parts_[kRedis] = {
      redis(), std::make_unique<Process>(std::vector<std::string>{
                   redis_server_, "--port", absl::StrCat(redis_port_), "--bind", "127.0.0.1",
                   "--dir", folder_, "--appendonly", "yes", "--appendfsync", "no", "--save", ""})};
  for (size_t i = 0; i < nodes_.size(); ++i) {
    absl::string_view port = nodes_[i];
    port.remove_prefix(port.rfind(':') + 1);
    std::vector<std::string> words = {chat_, absl::StrCat("--port=", port),
                                      absl::StrCat("--redis=", redis()),
                                      absl::StrCat("--nodes=", absl::StrJoin(nodes_, ","))};
    for (const std::string& origin : origins) {
      words.push_back(absl::StrCat("--allow_origin=", origin));
    }
    parts_[std::string(kNames[i])] = {nodes_[i], std::make_unique<Process>(std::move(words))};
  }
  for (auto& [name, part] : parts_) part.process->Start();
}

absl::Status Cluster::Do(absl::string_view command) {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::string_view name = command;
  const bool kills = absl::ConsumePrefix(&name, "kill ");
  const bool starts = !kills && absl::ConsumePrefix(&name, "start ");
  const auto part = parts_.find(name);
  if ((!kills && !starts) || part == parts_.end()) {
    return absl::InvalidArgumentError("expected kill or start, and the name of a process");
  }
  kills ? part->second.process->Kill() : part->second.process->Start();
  return absl::OkStatus();
}

std::string Cluster::redis() const { return absl::StrCat("redis://127.0.0.1:", redis_port_); }

std::string Cluster::State() {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto json = nlohmann::json::array();
  for (auto& [name, part] : parts_) {
    json.push_back({{"name", name}, {"address", part.address}, {"pid", part.process->pid()}});
  }
  return json.dump();
}

}  // namespace weft::panel
