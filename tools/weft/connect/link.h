// The connection of a session: one that lasts, or one that is replaced when it is lost.

#ifndef TOOLS_WEFT_CONNECT_LINK_H_
#define TOOLS_WEFT_CONNECT_LINK_H_

#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/client.h"
#include "weft/client/reconnecting_client.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"

namespace weft::cli {

// The methods are those of Client, with its threads: one receives while another sends.
class Link {
 public:
  virtual ~Link() = default;

  // After an error, status() says whether it has ended; otherwise the time is over.
  virtual absl::StatusOr<Message> Receive(absl::Duration timeout) = 0;

  virtual absl::Status Send(Opcode opcode, absl::string_view payload) = 0;
  virtual absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin) = 0;
  virtual absl::Status SendPing() = 0;

  // Waits until there is a connection: after a send that returned Unavailable. DeadlineExceeded
  // after `timeout`; other errors mean that there will be none.
  virtual absl::Status AwaitConnection(absl::Duration timeout) = 0;

  // Starts the closing handshake, and ends the link.
  virtual void StartClose(CloseCode code, absl::string_view reason) = 0;
  virtual void FinishClose() = 0;

  // Ends it at once. From any thread.
  virtual void Cancel() = 0;

  // OK while it has not ended; then why, as of Client.
  virtual absl::Status status() = 0;
  virtual CloseInfo close_info() = 0;
};

// `client` must outlive it.
class ClientLink : public Link {
 public:
  explicit ClientLink(Client& client) : client_(client) {}

  absl::StatusOr<Message> Receive(absl::Duration timeout) override {
    return client_.Receive(timeout);
  }
  absl::Status Send(Opcode opcode, absl::string_view payload) override {
    return client_.SendMessage(opcode, payload);
  }
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin) override {
    return client_.SendFragment(opcode, payload, fin);
  }
  absl::Status SendPing() override { return client_.SendPing(); }
  absl::Status AwaitConnection(absl::Duration /*timeout*/) override { return client_.status(); }
  void StartClose(CloseCode code, absl::string_view reason) override {
    client_.SendClose(code, reason).IgnoreError();  // status() has the error
  }
  void FinishClose() override { client_.Close().IgnoreError(); }
  void Cancel() override { client_.Cancel(); }
  absl::Status status() override { return client_.status(); }
  CloseInfo close_info() override { return client_.close_info(); }

 private:
  Client& client_;
};

// `client` must outlive it.
class ReconnectingLink : public Link {
 public:
  explicit ReconnectingLink(ReconnectingClient& client) : client_(client) {}

  absl::StatusOr<Message> Receive(absl::Duration timeout) override;
  absl::Status Send(Opcode opcode, absl::string_view payload) override {
    return client_.SendMessage(opcode, payload);
  }
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin) override;
  absl::Status SendPing() override { return client_.SendPing(); }
  absl::Status AwaitConnection(absl::Duration timeout) override { return client_.Connect(timeout); }
  void StartClose(CloseCode code, absl::string_view reason) override;
  void FinishClose() override {}
  void Cancel() override { client_.Cancel(); }
  absl::Status status() override;
  CloseInfo close_info() override;

 private:
  ReconnectingClient& client_;
  std::string payload_;  // of the last message

  std::mutex mutex_;  // guards all members below
  absl::Status end_;
  absl::Status close_;  // the error of the closing handshake
  CloseCode code_ = CloseCode::kAbnormal;
  std::string reason_;
  ClosedBy by_ = ClosedBy::kLost;
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONNECT_LINK_H_
