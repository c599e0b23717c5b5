// The steps of `weft check`.

#ifndef TOOLS_WEFT_CHECK_CHECKER_H_
#define TOOLS_WEFT_CHECK_CHECKER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/weft/check/check_options.h"
#include "tools/weft/check/report.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/opening.h"
#include "weft/client/connecting/route.h"
#include "weft/client/connecting/upgrade.h"
#include "weft/core/connection.h"
#include "weft/core/event.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"

namespace weft::cli {

// Opens a WebSocket and reports each step. Each has its own ClientFlags::timeout. Blocks.
class Checker {
 public:
  // Both must outlive it.
  Checker(const CheckOptions& options, Report& report);

  // Returns the exit code.
  int Run();

 private:
  // Steps of the opening; they tell it the result.
  void FindAddresses(Opening& opening);
  void Connect(Opening& opening);
  void StartTls(Opening& opening);
  absl::StatusOr<Stream> ReachServer(const Route& route, Deadline deadline) const;
  void ShowCertificate(const Route& route, const std::string& host);
  void Write(Opening& opening, Stream& stream) const;
  void Read(Opening& opening, Stream& stream) const;
  static bool Passed(Opening& opening, const Stream& stream, const IoResult& result,
                     Deadline deadline);
  int Failed(const absl::Status& error);

  // The open WebSocket.
  int Talk(Upgraded upgraded);
  void ShowResponse(const Upgraded& upgraded);
  bool Ping(Connection& connection, int number);
  bool Close(Connection& connection);
  absl::StatusOr<Event> Next(Connection& connection, Deadline deadline);

  void Begin(absl::string_view step);
  absl::Duration Elapsed() const;
  Deadline StepDeadline() const { return Deadline::After(options_.timeout); }

  const CheckOptions& options_;
  Report& report_;
  ClientOptions client_{};
  Stream stream_;
  SocketAddress address_;  // connected to
  std::string step_;
  absl::Duration begun_{};
  std::string response_;  // the head of the last response
  size_t messages_ = 0;   // that arrived meanwhile
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CHECK_CHECKER_H_
