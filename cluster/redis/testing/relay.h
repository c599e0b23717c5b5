// A network between nodes and a Redis, which fails when the test says so.

#ifndef WEFT_CLUSTER_REDIS_TESTING_RELAY_H_
#define WEFT_CLUSTER_REDIS_TESTING_RELAY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "weft/transport/fd.h"

namespace weft::testing {

// Listens on a free port of 127.0.0.1, and passes bytes between each client and a connection of its
// own to a server, on one thread. All methods are for any thread.
class Relay {
 public:
  explicit Relay(uint16_t server_port);
  ~Relay();

  uint16_t port() const { return port_; }
  std::string address() const;  // "redis://127.0.0.1:PORT"

  // Where later connections go.
  void set_server(uint16_t port) { server_port_ = port; }

  // Bytes to the nodes, or to the server, wait in the relay, and no connection is closed. Bytes
  // that arrived before may be passed on.
  void Hold(bool to_nodes, bool to_server);
  void Release() { Hold(false, false); }

  // Resets all connections, after passing on at most this number of further bytes of each to its
  // node: cuts a reply in its middle.
  void Cut(size_t after_bytes = 0);

  // The largest number of bytes in one write to a node.
  void set_piece(size_t bytes) { piece_ = bytes; }

  // Whether new connections are refused, by a reset.
  void set_refuses(bool refuses) { refuses_ = refuses; }

 private:
  struct Link {
    UniqueFd node{}, server{};
    std::string to_node{}, to_server{};
    size_t cut_after = static_cast<size_t>(-1);
    bool gone = false;
  };

  void Run();
  void Accept();
  void Read(Link& link, UniqueFd& from, std::string& to);
  void Write(Link& link, UniqueFd& to, std::string& from, size_t piece);

  std::atomic<uint16_t> server_port_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::atomic<bool> holds_to_nodes_{false}, holds_to_server_{false}, refuses_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<size_t> piece_{size_t{1} << 16};
  std::atomic<size_t> cut_after_{static_cast<size_t>(-1)};  // -1: no cut is wanted
  std::list<Link> links_;
  std::thread thread_;
};

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_REDIS_TESTING_RELAY_H_
