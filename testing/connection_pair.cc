#include "weft/testing/connection_pair.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/opening_handshake.h"
#include "weft/core/testing/feed.h"

namespace weft::testing {

ConnectionPair::ConnectionPair(const ConnectionOptions& client, const ConnectionOptions& server,
                               const Clock* clock)
    : client_(Role::kClient, client),
      server_(Role::kServer, server),
      to_server_(clock),
      to_client_(clock) {
  const ClientHandshake handshake =
      ClientHandshake::Create({.host = "localhost"}, client.compression).value();
  const UpgradeRequest request = ReadUpgradeRequest(handshake.request()).value();
  const AcceptedHandshake accepted = AcceptHandshake(request, server.compression).value();
  const AgreedHandshake agreed = handshake.Check(accepted.response).value();
  if (accepted.deflate) server_.connection.UseDeflate(*accepted.deflate, server);
  if (agreed.deflate) client_.connection.UseDeflate(*agreed.deflate, client);
}

void ConnectionPair::Run() {
  Write(client_, to_server_);
  Write(server_, to_client_);
  bool moved = true;
  while (moved) {
    moved = Step(client_, to_client_, to_server_);
    moved |= Step(server_, to_server_, to_client_);
  }
}

void ConnectionPair::Reset() {
  to_server_.Reset();
  to_client_.Reset();
}

// Whether anything has arrived.
bool ConnectionPair::Step(End& end, Wire& in, Wire& out) {
  const std::string arrived = in.Read();
  if (!arrived.empty()) {
    char scratch[4096];
    for (absl::string_view rest = arrived; !rest.empty();) {
      const absl::Span<char> into = end.connection.ReadBuffer(absl::MakeSpan(scratch));
      const size_t size = std::min(into.size(), rest.size());
      std::copy_n(rest.begin(), size, into.begin());
      rest.remove_prefix(size);
      end.connection.DidRead(size);
      Deliver(end);
    }
  } else if (in.at_end() && !end.saw_end) {
    end.saw_end = true;
    end.connection.DidReadEof();
    Deliver(end);
  } else {
    return false;
  }
  Write(end, out);
  return true;
}

void ConnectionPair::Deliver(End& end) {
  while (const std::optional<Event> event = end.connection.NextEvent()) {
    end.events.push_back(Describe(*event));
    if (end.on_event) end.on_event(end.connection, *event);
  }
}

void ConnectionPair::Write(End& end, Wire& out) {
  while (end.connection.queued_bytes() > 0) {
    size_t size = 0;
    for (const absl::string_view part : end.connection.WriteBuffers()) {
      out.Write(part);
      size += part.size();
    }
    end.connection.DidWrite(size);
  }
  if (end.connection.done()) out.End();
}

}  // namespace weft::testing
