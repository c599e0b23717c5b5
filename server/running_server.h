// The server, as acceptors and pages see it.

#ifndef WEFT_SERVER_RUNNING_SERVER_H_
#define WEFT_SERVER_RUNNING_SERVER_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/sending/send_options.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/topics/publish_callback.h"

namespace weft {

// The requests of acceptors and pages have a pointer to it. Without it an application would need a
// global variable for its server, which exists only when Server::Start has returned. Thread-safe.
// Valid until the server is destroyed, so a handler may keep the pointer.
//
//   router.Any("/announce", [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
//     if (request.method != "POST") return HttpError(405, "use POST");
//     const absl::Status status = request.server->Publish("news", Opcode::kText, request.body);
//     if (!status.ok()) return status;
//     return Page("text/plain", absl::StrCat(request.server->subscribers("news"), " listeners\n"));
//   });
class RunningServer {
 public:
  virtual ~RunningServer() = default;

  // As Server::Publish, from any thread.
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       const SendOptions& options = {}) {
    absl::StatusOr<EncodedMessage> message =
        EncodedMessage::Make(opcode, payload, options.compress);
    if (!message.ok()) return message.status();
    return Publish(topic, *message, options);
  }
  virtual absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                               const SendOptions& options = {}) = 0;
  virtual void Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options, PublishCallback done) = 0;

  // As the methods of Server.
  virtual size_t subscribers(absl::string_view topic) const = 0;
  virtual ServerMetrics metrics() const = 0;
  virtual bool draining() const = 0;

  // How long ServerOptions::broker has been away. Zero while it is up, and without one.
  virtual absl::Duration broker_away() const = 0;
};

}  // namespace weft

#endif  // WEFT_SERVER_RUNNING_SERVER_H_
