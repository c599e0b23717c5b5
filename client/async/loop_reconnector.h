// An asynchronous client that reconnects, on its event loop.

#ifndef WEFT_CLIENT_ASYNC_LOOP_RECONNECTOR_H_
#define WEFT_CLIENT_ASYNC_LOOP_RECONNECTOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/async_reconnect_options.h"
#include "weft/client/async/client_context.h"
#include "weft/client/async/client_metrics.h"
#include "weft/client/async/host_turns.h"
#include "weft/client/async/reconnect_handler.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/async/remote_reconnector.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/client/reconnecting/reconnect_plan.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/loop/timer_wheel.h"

namespace weft {

class LoopClient;

// Makes a LoopClient for each attempt, and follows a ReconnectPlan when it has ended. For the
// loop's thread. Nothing but the worker ends it inside one of its own callbacks: ReconnectRef
// posts.
//
//   state      has      left by
//   waiting    a timer  the end of the wait
//   queued     place_   its turn at the host
//   attempt    client_  OnFailed, or OnOpen and then OnClose, of the LoopClient
//   ended      -        the end of the turn
//
// A LoopClient that is closed may wait for the server to end the stream (RFC 6455, section 7.1.1),
// but not longer than to the next attempt.
class LoopReconnector final : public RemoteReconnector, public Timer {
 public:
  LoopReconnector(ClientContext& context, absl::string_view url, AsyncReconnectOptions options,
                  std::unique_ptr<ReconnectHandler> handler,
                  std::shared_ptr<ReconnectRef::Shared> shared);
  ~LoopReconnector() override;

  // ---- For the worker ----

  void Start();

  // The worker is drained, or ends: no connection follows the present one, which the worker ends.
  void End(const absl::Status& why);

  // Its place among the worker's clients that reconnect.
  size_t index() const { return index_; }
  void set_index(size_t index) { index_ = index; }

  // ---- RemoteReconnector ----

  void Close(const absl::Status& why, CloseCode code, absl::string_view reason) override;
  void Terminate(const absl::Status& why) override;

 private:
  class Link;  // the handler of a LoopClient

  void OnTimer() override { WaitForTurn(); }

  void WaitForTurn();
  void Attempt();
  absl::Status Prepare(ClientOptions& options);

  // Of the LoopClient.
  void OnOpen(AsyncClient& client);
  void OnClose(AsyncClient& client, const CloseInfo& info);
  void OnFailed(const absl::Status& error);

  void FollowFailure(const absl::Status& error);
  void Follow(const ReconnectEvent& next, ReconnectReason why);
  void Finish(const absl::Status& why);
  void Tell(const ReconnectEvent& event);
  absl::Duration now();

  ClientContext& context_;
  const std::string url_;
  const AsyncReconnectOptions options_;
  const std::unique_ptr<ReconnectHandler> handler_;
  const std::shared_ptr<ReconnectRef::Shared> shared_;
  size_t index_ = 0;
  ReconnectPlan plan_;
  int attempt_ = 0;
  std::optional<ReconnectReason> reason_;  // of the next attempt; none for the first
  std::unique_ptr<HostTurns::Place> place_;
  HostTurns::Turn turn_;          // while it connects
  LoopClient* client_ = nullptr;  // from an attempt to OnFailed or OnClose
  LoopClient* closed_ = nullptr;  // from OnClose to its end
  Link* link_ = nullptr;          // of either
  absl::Status end_;              // why no further attempt follows
  bool finished_ = false;         // OnEnd was called
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_LOOP_RECONNECTOR_H_
