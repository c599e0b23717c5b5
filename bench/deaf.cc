#include "weft/bench/deaf.h"

#include <utility>

#include "weft/transport/io.h"

namespace weft::bench {

Deaf::Deaf(const EchoStream& echoes, std::vector<Stream> streams) : echoes_(echoes) {
  for (Stream& stream : streams) peers_.push_back({.stream = std::move(stream)});
}

void Deaf::Push() {
  for (Peer& peer : peers_) {
    if (!peer.stream.is_open()) continue;
    IoResult put;
    do {
      const size_t left = echoes_.sent_size() - peer.sent % echoes_.sent_size();
      put = peer.stream.Write(echoes_.Sent(peer.sent, left));
      peer.sent += put.bytes;
      sent_ += put.bytes;
    } while (put.ok());
    if (put.status != IoStatus::kError) continue;
    peer.stream.Close();
    ++dropped_;
  }
}

}  // namespace weft::bench
