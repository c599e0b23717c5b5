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
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/http/http.h"
#include "weft/core/http/request_target.h"
#include "weft/server/forwarding/forwarded.h"
#include "weft/server/http/http_output.h"
#include "weft/server/http/page.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/served_stream.h"

namespace weft {

// Takes one request after the other, and answers them in order. Reads nothing while answers wait to
// be written. When an upgrade is accepted, hands the stream to a ServedSession, with the bytes that
// were read after the request.
class HttpConnection final : public ServedStream {
 public:
  HttpConnection(LoopContext& context, Stream stream, const SocketAddress& peer, uint64_t id,
                 Refusal refusal);
  ~HttpConnection() override;

  // After the header of the PROXY protocol: takes the `bytes` that were read of the first request,
  // whose handshake ends at `deadline_ms`, or refuses the connection.
  void Continue(absl::string_view bytes, int64_t deadline_ms);
  void RefuseProxy(absl::Status why);

  void OnReadable() override;
  void OnWritable() override;
  void GoAway(CloseCode code, absl::string_view reason) override;

 private:
  friend class ServedStream;

  // The peer is believed in the header fields of its requests if it is a trusted proxy, and
  // `believes_headers`.
  HttpConnection(LoopContext& context, Client client, bool believes_headers);

  struct Unfinished;
  struct Later;
  using HeaderFields = std::vector<std::pair<std::string, std::string>>;

  // The kinds of wait, and the option that limits each.
  enum class Wait : uint8_t {
    kHead,     // the head of a request, or its rest: timeouts.handshake
    kRequest,  // the first byte of another request: timeouts.keep_alive
    kBody,     // the body of a request: timeouts.http
    kLater,    // that the acceptor or the page answers: timeouts.handshake or timeouts.http
    kAnswer,   // that the client takes the answer, 64 KiB in each timeouts.http
  };

  void OnTimer() override;
  void OnGone(const char* /*why*/) override { ForgetLater(); }

  // Reading.
  void ReadOnce();
  bool reading() const;

  // Takes requests, answers them, and writes, until it must wait for the client.
  void Proceed();

  // Takes the next request; false if it is not complete, or if it was the last one.
  bool TakeRequest();
  bool TakeBody();
  bool Begin(const HttpRequest& request, const RequestSource& source, absl::string_view head);
  void Upgrade(const HttpRequest& http, const RequestSource& source, absl::string_view head,
               absl::string_view rest);
  void Answer(const HttpRequest& http, const RequestSource& source, absl::string_view head,
              const RequestTarget& target, absl::string_view body);
  void Respond(const HttpRequest& http, absl::StatusOr<PageResponse> answer);

  // Waits for an answer that is given later, and takes it.
  void TakeLateAnswer();
  bool RespondLate();
  void ForgetLater();

  // The client that has sent a request, and what trusted proxies say about it; 400 if they do so in
  // an invalid form. Refusals of this request name the client from now on.
  absl::StatusOr<RequestSource> SourceOf(const HttpRequest& http);

  // 421 unless the server answers for the host of the request.
  absl::Status CheckHostOf(absl::string_view host, const RequestSource& source) const;

  // Answers with an error and the application's header fields. This answer is the last.
  void Refuse(HandshakeFailure reason, absl::Status why, HeaderFields headers = {});

  // 426 for a request whose upgrade was lost in a proxy; false if it is another one.
  bool RefuseLostUpgrade(const HttpRequest& http);

  // 429 for the peer.
  void RefuseAddress();

  // Drops the connection. Counts a failed handshake, unless a request was answered before.
  void Fail(HandshakeFailure reason, const char* why, absl::string_view detail = "");
  void CountResponse(int status) { context_.metrics().http_responses[ResponseSlotOf(status)] += 1; }

  // Whether all output is written. If not, the connection waits for the client, or was dropped.
  bool Write();

  // Adapts memory, interest and timer to the present state.
  void Settle();

  // Updates the worker's account of memory. False if there is no memory left, and this connection
  // was dropped.
  bool Account();
  void StartWait(Wait wait);
  absl::Duration TimeFor(Wait wait) const;

  // When the request is too slow, unless more of it is read before then.
  int64_t TooSlowAtMs() const;

  // The answer to an unfinished request: that it was too slow, or took too long.
  absl::Status TooLate(bool too_slow) const;

  const SocketAddress sender_;  // of all requests; no address: not believed about others
  SocketAddress client_;        // of the request that is read or answered, as far as it is known
  Wait wait_ = Wait::kHead;
  bool closing_ = false;  // `output_` ends with the last answer
  bool more_ = false;     // TLS: more can be read than the socket announces
  bool is_head_ = false;  // the request's method is HEAD, as far as it was read
  uint32_t requests_ = 0;
  int64_t deadline_ms_;       // of wait_
  int64_t begun_ms_ = 0;      // when the first bytes of the request were, or could be, read
  size_t request_bytes_ = 0;  // read of the request
  size_t taken_bytes_ = 0;    // of the answers, since this wait began
  std::string in_;            // bytes read; those from parsed_ on wait
  size_t parsed_ = 0;
  HttpHeadScanner scanner_;
  std::unique_ptr<Unfinished> unfinished_;  // while a body is incomplete
  std::unique_ptr<Later> later_;            // while an answer is to be given later
  HttpOutput output_;
};

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_CONNECTION_H_
