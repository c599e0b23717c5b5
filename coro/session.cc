#include "weft/coro/session.h"

namespace weft::coro {

using internal::Channel;

std::optional<CloseInfo> Session::close_info() const {
  if (state_->close_info() == nullptr) return std::nullopt;
  return *state_->close_info();
}

void Session::Unsubscribe(absl::string_view topic) {
  if (Channel* const channel = state_->channel()) channel->Unsubscribe(topic);
  state_->ForgetTopicNotices(topic);
}

uint64_t Session::id() const {
  Channel* const channel = state_->channel();
  return channel == nullptr ? 0 : channel->id();
}

SocketAddress Session::peer_address() const {
  Channel* const channel = state_->channel();
  return channel == nullptr ? SocketAddress() : channel->peer_address();
}

absl::string_view Session::subprotocol() const {
  Channel* const channel = state_->channel();
  return channel == nullptr ? "" : channel->subprotocol();
}

const SessionRequest* Session::request() const {
  Channel* const channel = state_->channel();
  return channel == nullptr ? nullptr : channel->request();
}

bool Session::compressed() const {
  Channel* const channel = state_->channel();
  return channel != nullptr && channel->compressed();
}

size_t Session::queued_bytes() const {
  Channel* const channel = state_->channel();
  return channel == nullptr ? 0 : channel->queued_bytes();
}

SessionRef Session::ref() const {
  Channel* const channel = state_->channel();
  return channel == nullptr ? SessionRef() : channel->ref();
}

ClientRef Session::client_ref() const {
  Channel* const channel = state_->channel();
  return channel == nullptr ? ClientRef() : channel->client_ref();
}

}  // namespace weft::coro
