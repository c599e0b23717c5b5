// Connects to a server on an event loop.

#ifndef WEFT_CLIENT_ASYNC_LOOP_CONNECTOR_H_
#define WEFT_CLIENT_ASYNC_LOOP_CONNECTOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"

namespace weft {

// Runs a Connector on a loop, within options.timeouts.connect. For the loop's thread. As an
// EventSource it must not be destroyed in its own callbacks, nor by `done`.
class LoopConnector : public EventSource {
 public:
  // Called once, by Start() or later, with the open WebSocket or the errors of Client::Connect().
  using Done = absl::AnyInvocable<void(absl::StatusOr<Connector::Result>)>;

  // `loop` and `lookup` must outlive it. options.cancel is not used: see Stop().
  LoopConnector(EventLoop& loop, AddressLookup& lookup, absl::string_view url,
                ClientOptions options, Done done);
  ~LoopConnector() override;  // before `done` was called: drops the attempt without a call

  void Start() { Continue(); }

  const std::string& url() const { return url_; }
  const ClientOptions& options() const { return options_; }

  // Ends the attempt in any step: calls `done`, unless it was called before, with an error that has
  // the code of `why` and names the step.
  void Stop(const absl::Status& why);

  // For the loop.
  void OnReadable() override { Continue(); }
  void OnWritable() override { Continue(); }

 private:
  void OnTimer() override;

  void Continue();
  bool Resolve();
  bool Watch();
  void Unwatch();
  void ArmTimer(absl::Duration wake);
  void Finish();

  EventLoop& loop_;
  AddressLookup& lookup_;
  const std::string url_;
  const ClientOptions options_;
  Connector connector_;
  Done done_;  // empty once it was called
  const int64_t deadline_ms_;
  std::vector<int> watched_;
  // Not null while a lookup waits or runs, which holds a weak pointer: it is not started, and its
  // answer is dropped, if this has been reset.
  std::shared_ptr<LoopConnector*> resolving_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_LOOP_CONNECTOR_H_
