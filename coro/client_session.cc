#include "weft/coro/client_session.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "weft/client/async/client_loop_access.h"
#include "weft/client/async/client_worker.h"
#include "weft/core/frame/close_payload.h"

namespace weft::coro::internal {
namespace {

// Why the connection is not read.
enum HoldReason : uint8_t {
  kWaiting = 1,   // SessionState has as many messages as it may have
  kOnTheWay = 2,  // as many are on their way to it
};

// The payload of a ping: see LoopClient::SendPing.
constexpr size_t kPingBytes = 24;

absl::Status NoTopics() { return absl::FailedPreconditionError("a client has no topics"); }

}  // namespace

// ---- From thread to thread

template <typename Call>
void ClientSession::ToCoroutines(Call call) {
  if (direct_) return call(*this);
  mailbox_->Post([self = Hold(*this), call = std::move(call)]() mutable { call(*self); });
}

template <typename Call>
void ClientSession::ToClient(Call call) {
  if (direct_) {
    if (client_ != nullptr) call(*client_);
    return;
  }
  ref_.Post([call = std::move(call)](AsyncClient& client) mutable {
        call(static_cast<RemoteClient&>(client));
      })
      .IgnoreError();
}

// ---- The handler, on the client's thread

class ClientSession::Handler final : public LoopClientHandler {
 public:
  explicit Handler(ClientSession& session) : session_(session) {}
  ~Handler() override {
    // Connect() was called in the OnFailed() of a loop that had ended, which calls no other.
    if (!has_ended_) OnFailed(absl::CancelledError("the client loop has ended"));
  }

  void Attach(RemoteClient& client) override { session_->client_ = &client; }

  void OnOpen(AsyncClient& client) override {
    session_->ToCoroutines([peer = client.peer_address(),
                            subprotocol = std::string(client.subprotocol()),
                            compressed = client.compressed()](ClientSession& session) {
      session.peer_ = peer;
      session.subprotocol_ = subprotocol;
      session.compressed_ = compressed;
      session.EndOpening(absl::OkStatus());
    });
  }

  void OnMessage(AsyncClient&, const Message& message) override {
    if (session_->direct_) {
      session_->SessionState::OnMessage(message);
    } else {
      session_->SendToOtherLoop(message);
    }
  }

  void OnWritable(AsyncClient&) override {
    session_->ToCoroutines([](ClientSession& session) { session.SessionState::OnWritable(); });
  }

  void OnRoundTrip() override {
    session_->ToCoroutines([time = session_->client_->round_trip_time()](ClientSession& session) {
      session.round_trip_ = time;
      session.OnPong();
    });
  }

  void OnClose(AsyncClient& client, const CloseInfo& info) override {
    has_ended_ = true;
    session_->client_ = nullptr;
    session_->ToCoroutines([how = CloseInfo(info), reason = std::string(info.reason),
                            status = client.status()](ClientSession& session) mutable {
      how.reason = reason;
      session.OnEnd(how, std::move(status));
    });
  }

  void OnFailed(const absl::Status& error) override {
    has_ended_ = true;
    session_->client_ = nullptr;
    session_->ToCoroutines([error](ClientSession& session) { session.EndOpening(error); });
  }

 private:
  const Hold session_;
  bool has_ended_ = false;
};

// ---- Life

ClientSession::ClientSession(Root& root, const ClientSending& limits, bool direct, Opening& opening)
    : SessionState(root),
      limits_(limits),
      direct_(direct),
      mailbox_(root.mailbox()),
      opening_(&opening) {
  root.Ref();
}

ClientSession::~ClientSession() {
  CloseChannel();
  ReleaseMessage();  // its memory counts in the mailbox's budget
  DiscardMessages();
  root().Unref();
}

ClientSession& ClientSession::Open(Root& root, ClientLoop& loop, absl::string_view url,
                                   ClientOptions options, Opening& opening) {
  ClientWorker* const own = root.WorkerOf(loop);
  auto* const session = new ClientSession(root, ClientLoopAccess::OptionsOf(loop).sending,
                                          /*direct=*/own != nullptr, opening);
  ClientWorker& worker = own != nullptr ? *own : ClientLoopAccess::NextWorker(loop);
  session->ref_ = ClientLoopAccess::ConnectOn(loop, worker, url, std::move(options),
                                              std::make_unique<Handler>(*session));
  return *session;
}

void ClientSession::EndOpening(absl::Status status) {
  // Its coroutines see their own end. Without a loop, another thread may be running one of them:
  // see Root::ResumeLater.
  if (root().ended()) return;
  if (Opening* const opening = std::exchange(opening_, nullptr)) {
    opening->OnOpened(std::move(status));
  }
  Continue();
}

// By any thread, also while a coroutine runs.
void ClientSession::OnUnreferenced() {
  unused_ = true;
  ref_.Close().IgnoreError();
  // Messages that are kept would keep the closing handshake from its end.
  mailbox_->Post([self = Hold(*this)] {
    self->DiscardMessages();
    self->ReadAgain();
  });
  Drop();
}

void ClientSession::EndWaits() {
  CloseChannel();
  WakeForEnd();
  Continue();
}

// ---- Messages of the server

void ClientSession::SendToOtherLoop(const Message& message) {
  StoredMessage* const stored = Copy(message);
  const size_t size = stored->message.payload.size();
  const size_t messages = messages_ += 1;
  const size_t bytes = message_bytes_ += size;
  class Delivery {
   public:
    Delivery(ClientSession& session, StoredMessage* stored) : session_(session), stored_(stored) {}
    Delivery(Delivery&& other) noexcept
        : session_(std::move(other.session_)), stored_(std::exchange(other.stored_, nullptr)) {}
    Delivery& operator=(Delivery&&) = delete;
    ~Delivery() {
      if (stored_ != nullptr) Release(stored_);
    }
    void operator()() { session_->TakeFromOtherLoop(std::exchange(stored_, nullptr)); }

   private:
    Hold session_;
    StoredMessage* stored_;
  };
  mailbox_->Post(Delivery(*this, stored));
  if (messages < kMaxWaiting && bytes < kMaxWaitingBytes) return;
  held_for_messages_ = true;
  SetHeld(kOnTheWay, true);
  // They may have arrived before this was set.
  if (messages_ == 0 && held_for_messages_.exchange(false)) SetHeld(kOnTheWay, false);
}

void ClientSession::TakeFromOtherLoop(StoredMessage* stored) {
  message_bytes_ -= stored->message.payload.size();
  const bool is_last = (messages_ -= 1) == 0;
  OnStoredMessage(stored);
  if (!is_last || !held_for_messages_.exchange(false)) return;
  ref_.Post([self = Hold(*this)](AsyncClient&) { self->SetHeld(kOnTheWay, false); }).IgnoreError();
}

void ClientSession::SetHeld(uint8_t reason, bool held) {
  held_for_ = held ? held_for_ | reason : held_for_ & ~reason;
  if (client_ == nullptr) return;
  if (held_for_ != 0) {
    client_->HoldReading();
  } else {
    client_->ResumeReading();
  }
}

void ClientSession::HoldReading() {
  if (direct_) return SetHeld(kWaiting, true);
  ref_.Post([self = Hold(*this)](AsyncClient&) { self->SetHeld(kWaiting, true); }).IgnoreError();
}

void ClientSession::ResumeReading() {
  if (direct_) return SetHeld(kWaiting, false);
  ref_.Post([self = Hold(*this)](AsyncClient&) { self->SetHeld(kWaiting, false); }).IgnoreError();
}

std::optional<Reservation> ClientSession::Reserve(size_t bytes) {
  std::optional<Reservation> room = mailbox_->Reserve(bytes);
  if (!room.has_value()) ref_.Terminate().IgnoreError();
  return room;
}

// ---- Sends

absl::Status ClientSession::Send(const Message& message, const SendOptions& options) {
  if (message.first && message.last) {
    return ref_.SendMessage(message.opcode, message.payload, options);
  }
  if (direct_) {
    return client_ != nullptr ? client_->Send(message, options)
                              : absl::FailedPreconditionError("the session has ended");
  }
  if (message.first == fragments_.open()) {
    return absl::FailedPreconditionError("the piece does not continue what was sent before it");
  }
  return SendFragment(message.opcode, message.payload, message.last, options.compress);
}

absl::Status ClientSession::Send(const EncodedMessage& message, const SendOptions& options) {
  SendOptions as_encoded = options;
  as_encoded.compress = message.compress();
  return ref_.SendMessage(message.opcode(), message.payload(), as_encoded);
}

absl::Status ClientSession::SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                         Compress compress) {
  if (direct_) {
    return client_ != nullptr ? client_->SendFragment(opcode, payload, fin, compress)
                              : absl::FailedPreconditionError("the session has ended");
  }
  absl::StatusOr<PostedRoom> room = TakeRoom(payload.size());
  if (!room.ok()) return room.status();
  if (absl::Status status = fragments_.Add(opcode, payload, fin); !status.ok()) return status;
  return ref_.Post([room = *std::move(room), opcode, payload = std::string(payload), fin,
                    compress](AsyncClient& client) {
    static_cast<RemoteClient&>(client).SendReservedFragment(opcode, payload, fin, compress);
  });
}

absl::Status ClientSession::SendPing() {
  if (direct_) {
    return client_ != nullptr ? client_->SendPing()
                              : absl::FailedPreconditionError("the session has ended");
  }
  absl::StatusOr<PostedRoom> room = TakeRoom(kPingBytes);
  if (!room.ok()) return room.status();
  return ref_.Post([room = *std::move(room)](AsyncClient& client) {
    static_cast<RemoteClient&>(client).SendReservedPing();
  });
}

// As Outbox::FindRoom.
absl::StatusOr<ClientSession::PostedRoom> ClientSession::TakeRoom(size_t payload_size) {
  const size_t queued = queued_bytes();
  if (queued >= limits_.max_queue_bytes || payload_size > limits_.max_queue_bytes - queued) {
    return absl::ResourceExhaustedError("the send queue is full");
  }
  return PostedRoom(*this, payload_size + kMessageOverhead);
}

void ClientSession::AskForWritable() {
  ToClient([](RemoteClient& client) { client.AskForWritable(); });
}

absl::Status ClientSession::Close(CloseCode code, absl::string_view reason) {
  return direct_ && client_ != nullptr ? client_->Close(code, reason) : ref_.Close(code, reason);
}

absl::Status ClientSession::Subscribe(absl::string_view /*topic*/,
                                      const SubscribeOptions& /*options*/) {
  return NoTopics();
}

absl::Status ClientSession::Publish(absl::string_view /*topic*/, const EncodedMessage& /*message*/,
                                    const SendOptions& /*options*/) {
  return NoTopics();
}

}  // namespace weft::coro::internal
