#include "weft/bench/deaf.h"

#include <algorithm>
#include <utility>

#include "weft/transport/io.h"

namespace weft::bench {

Deaf::Deaf(const EchoStream& echoes, std::vector<Stream> streams) : echoes_(echoes) {
  for (Stream& stream : streams) peers_.push_back({.stream = std::move(stream)});
}

void Deaf::Push(size_t bytes) {
  // Each connection has at most one turn, starting after the last call's end.
  for (size_t turns = peers_.size(); turns > 0 && bytes > 0; --turns) {
    Peer& peer = peers_[next_];
    next_ = (next_ + 1) % peers_.size();
    if (!peer.stream.is_open()) continue;
    IoResult put;
    do {
      const size_t left = echoes_.sent_size() - peer.sent % echoes_.sent_size();
      put = peer.stream.Write(echoes_.Sent(peer.sent, std::min(left, bytes)));
      peer.sent += put.bytes;
      sent_ += put.bytes;
      bytes -= put.bytes;
    } while (put.ok() && bytes > 0);
    if (put.status != IoStatus::kError) continue;
    peer.stream.Close();
    ++dropped_;
  }
}

}  // namespace weft::bench
