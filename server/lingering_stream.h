// What is left of a client to whom all was said.

#ifndef WEFT_SERVER_LINGERING_STREAM_H_
#define WEFT_SERVER_LINGERING_STREAM_H_

#include "weft/server/served_stream.h"

namespace weft {

// Reads, and forgets, until the peer closes or has had its time: see ServedStream::Linger.
class LingeringStream final : public ServedStream {
 public:
  void OnReadable() override;
  void OnWritable() override {}
  void GoAway(CloseCode /*code*/, absl::string_view /*reason*/) override {}  // it will not be long

 private:
  friend class ServedStream;

  LingeringStream(Worker& worker, Client client);

  void OnTimer() override { Drop(""); }
};

}  // namespace weft

#endif  // WEFT_SERVER_LINGERING_STREAM_H_
