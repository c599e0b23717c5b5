// The server's side of one client that speaks HTTP: from its first byte to the upgrade.

#ifndef WEFT_SERVER_HTTP_CONNECTION_H_
#define WEFT_SERVER_HTTP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/http/http.h"
#include "weft/core/http/request_target.h"
#include "weft/server/http/http_output.h"
#include "weft/server/http/page.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/served_stream.h"

namespace weft {

// Takes one request after the other and answers in their order; reads no more while the client does
// not take its answers. An upgrade that is accepted goes, with what came behind it, to a Session.
class HttpConnection final : public ServedStream {
 public:
  HttpConnection(LoopContext& context, Stream stream, const SocketAddress& peer, uint64_t id,
                 Refusal refusal);
  ~HttpConnection() override;

  void OnReadable() override;
  void OnWritable() override;
  void GoAway(CloseCode code, absl::string_view reason) override;

 private:
  struct Unfinished;
  using HeaderFields = std::vector<std::pair<std::string, std::string>>;

  // What the client has to do next, in the time that it has for it.
  enum class Wait : uint8_t {
    kHead,     // say a request, or the rest of it: timeouts.handshake
    kRequest,  // begin another one: timeouts.keep_alive
    kBody,     // send it: timeouts.http
    kAnswer,   // take the answer, 64 KiB in each timeouts.http
  };

  void OnTimer() override;

  // Reading.
  void ReadOnce();
  bool reading() const { return output_.empty() && !closing_; }

  // Takes requests, answers and writes, as far as that goes.
  void Proceed();

  // Takes the next request; false when it is not there yet, or was the last.
  bool TakeRequest();
  bool TakeBody();
  bool Begin(const HttpRequest& request, absl::string_view head);
  void Upgrade(const HttpRequest& request, absl::string_view rest);
  void Answer(const HttpRequest& request, const RequestTarget& target, absl::string_view body);

  // 421 unless the server answers for the host of the request.
  absl::Status CheckHostOf(absl::string_view host) const;

  // Answers with an error and what else the application says with it, and says no more.
  void Refuse(HandshakeFailure reason, absl::Status why, HeaderFields headers = {});

  // Counts, unless something was answered before, and drops.
  void Fail(HandshakeFailure reason, const char* why, absl::string_view detail = "");
  void CountResponse(int status);

  // Whether all is written; otherwise it waits for the client, or is gone.
  bool Write();

  // What follows from the state: memory, interest, timer.
  void Settle();

  // Keeps the worker's account of memory. False: there is no more, and the client was dropped.
  bool Account();
  void StartWait(Wait wait);
  absl::Duration TimeFor(Wait wait) const;

  // When the request, if no more of it came, would have come too slowly. Why one that has begun is
  // given up.
  int64_t TooSlowAtMs() const;
  absl::Status TooLate(bool too_slow) const;

  Wait wait_ = Wait::kHead;
  bool closing_ = false;  // what `output_` holds is the last that is said
  bool more_ = false;     // TLS: more can be read than the socket announces
  bool is_head_ = false;  // the request's method is HEAD, as far as can be seen
  uint32_t requests_ = 0;
  int64_t deadline_ms_;       // of what is waited for
  int64_t begun_ms_ = 0;      // when the first bytes of the request came, or could be read
  size_t request_bytes_ = 0;  // that came
  size_t taken_bytes_ = 0;    // of the answers, since this wait began
  std::string in_;            // what was read; from parsed_ on it waits
  size_t parsed_ = 0;
  HttpHeadScanner scanner_;
  std::unique_ptr<Unfinished> unfinished_;  // while a body comes
  HttpOutput output_;
};

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_CONNECTION_H_
