#include "examples/chat/link.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace weft::chat {
namespace {

class ClientLink : public Link {
 public:
  ClientLink(std::unique_ptr<Client> client, LinkListener& listener)
      : client_(std::move(client)), listener_(listener), receiver_([this] { ReceiveAll(); }) {}

  ~ClientLink() override {
    client_->Cancel();
    receiver_.join();
  }

  absl::Status Send(absl::string_view text) override { return client_->SendText(text); }
  absl::Status Close() override { return client_->Close(); }

 private:
  void ReceiveAll() {
    while (true) {
      const absl::StatusOr<Message> message = client_->Receive();
      if (!message.ok()) return listener_.OnEnd(message.status());
      if (message->is_text()) {
        listener_.OnMessage(message->payload);
      } else {
        listener_.OnMessage(absl::StrCat("(", message->payload.size(), " bytes of binary data)"));
      }
    }
  }

  const std::unique_ptr<Client> client_;
  LinkListener& listener_;
  std::thread receiver_;  // last member: it uses the others
};

}  // namespace

absl::StatusOr<std::unique_ptr<Link>> ConnectLink(const std::string& url,
                                                  const ClientOptions& options,
                                                  LinkListener& listener) {
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(url, options);
  if (!client.ok()) return client.status();
  return std::make_unique<ClientLink>(*std::move(client), listener);
}

}  // namespace weft::chat
