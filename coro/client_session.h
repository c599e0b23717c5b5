// A connection of an asynchronous client as coroutines use it.

#ifndef WEFT_CORO_CLIENT_SESSION_H_
#define WEFT_CORO_CLIENT_SESSION_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/remote_client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/frame/fragmented_message.h"
#include "weft/coro/root.h"
#include "weft/coro/session_state.h"
#include "weft/loop/mailbox.h"
#include "weft/transport/address.h"

namespace weft::coro::internal {

// The coroutines live on their root's loop, and the connection on a loop of clients. If both are
// the same, each calls the other directly; otherwise they post to each other.
//
// Two counts of references: the copies of the coro::Session, of which the last one closes the
// connection (SessionState::Unref); and everything that needs the memory (Hold).
class ClientSession final : public SessionState {
 public:
  // Hears how opening has ended, on the coroutines' thread.
  class Opening {
   public:
    virtual void OnOpened(absl::Status status) = 0;

   protected:
    ~Opening() = default;
  };

  // Starts to connect: on the worker of `root` if that is one of `loop`. `opening` must live until
  // its call, or until IgnoreOpening(). With one reference of a coro::Session.
  static ClientSession& Open(Root& root, ClientLoop& loop, absl::string_view url,
                             ClientOptions options, Opening& opening);
  void IgnoreOpening() { opening_ = nullptr; }

 private:
  class Handler;

  // Keeps the memory.
  class Hold {
   public:
    explicit Hold(ClientSession& session) : session_(&session) {
      session.holds_.fetch_add(1, std::memory_order_relaxed);
    }
    Hold(Hold&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (session_ != nullptr) session_->Drop();
    }
    ClientSession& operator*() const { return *session_; }
    ClientSession* operator->() const { return session_; }

   private:
    ClientSession* session_;
  };

  // The bytes of a fragment, or of a ping, on its way to the client's loop.
  class PostedRoom {
   public:
    PostedRoom(ClientSession& session, size_t bytes) : session_(session), bytes_(bytes) {
      session.posted_bytes_ += bytes;
    }
    PostedRoom(PostedRoom&& other) noexcept
        : session_(std::move(other.session_)), bytes_(std::exchange(other.bytes_, 0)) {}
    PostedRoom& operator=(PostedRoom&&) = delete;
    ~PostedRoom() {
      if (bytes_ > 0) session_->posted_bytes_ -= bytes_;
    }

   private:
    Hold session_;
    size_t bytes_;
  };

  ClientSession(Root& root, const ClientSending& limits, bool direct, Opening& opening);
  ~ClientSession();

  void Drop() {
    if (holds_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // From one thread to the other: runs `call`, which the end of a loop or of the connection may
  // destroy instead.
  template <typename Call>
  void ToCoroutines(Call call);
  template <typename Call>
  void ToClient(Call call);

  // ---- On the coroutines' thread

  void EndOpening(absl::Status status);

  // For a fragment or a ping that is posted to the client's loop: everything is checked before,
  // where the result is returned.
  absl::StatusOr<PostedRoom> TakeRoom(size_t payload_size);
  void TakeFromOtherLoop(StoredMessage* stored);

  // ---- On the client's thread

  void SendToOtherLoop(const Message& message);
  void SetHeld(uint8_t reason, bool held);

  // ---- SessionState

  void OnUnreferenced() override;
  void Continue() override { root().RunCoroutines(); }
  void EndWaits() override;
  bool IgnoresMessages() const override { return unused_ || SessionState::IgnoresMessages(); }
  void OnNoneWaiting() override { ReadAgain(); }

  // ---- Channel

  absl::Status SendIfRoom(const Message& message) override {
    return Send(message, {.when_full = WhenFull::kFail});
  }
  absl::Status Send(const Message& message, const SendOptions& options) override;
  absl::Status Send(const EncodedMessage& message, const SendOptions& options) override;
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  absl::Status SendPing() override;
  absl::Status Close(CloseCode code, absl::string_view reason) override;
  absl::Status Subscribe(absl::string_view topic, const SubscribeOptions& options) override;
  void Unsubscribe(absl::string_view /*topic*/) override {}
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override;
  size_t queued_bytes() const override { return ref_.queued_bytes() + posted_bytes_; }
  bool is_high() const override {
    return queued_bytes() >= std::min(limits_.high_mark_bytes, limits_.max_queue_bytes);
  }
  void AskForWritable() override;
  void HoldReading() override;
  void ResumeReading() override;
  std::optional<Reservation> Reserve(size_t bytes) override;
  std::optional<absl::Duration> round_trip_time() const override { return round_trip_; }
  uint64_t id() const override { return 0; }
  const SocketAddress& peer_address() const override { return peer_; }
  absl::string_view subprotocol() const override { return subprotocol_; }
  bool compressed() const override { return compressed_; }
  const SessionRequest* request() const override { return nullptr; }
  SessionRef ref() override { return SessionRef(); }
  ClientRef client_ref() override { return ref_; }

  const ClientSending limits_;
  const bool direct_;
  const std::shared_ptr<Mailbox> mailbox_;  // of the coroutines' loop
  std::atomic<int32_t> holds_{1};           // one for all copies of the coro::Session
  std::atomic<bool> unused_{false};         // the last copy was destroyed
  ClientRef ref_;                           // set before a coro::Session exists

  // For the coroutines' thread.
  Opening* opening_;
  SocketAddress peer_;
  std::string subprotocol_;
  bool compressed_ = false;
  std::optional<absl::Duration> round_trip_;
  FragmentedMessage fragments_;

  // For the client's thread.
  RemoteClient* client_ = nullptr;  // while it is open
  uint8_t held_for_ = 0;            // the reasons

  // On their way from one loop to the other.
  std::atomic<size_t> posted_bytes_{0};
  std::atomic<size_t> messages_{0};
  std::atomic<size_t> message_bytes_{0};
  std::atomic<bool> held_for_messages_{false};
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_CLIENT_SESSION_H_
