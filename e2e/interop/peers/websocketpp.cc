// websocketpp, on Boost.Asio.

#include <deque>
#include <stdexcept>

#include "e2e/interop/peers/peer.h"
#include "websocketpp/client.hpp"
#include "websocketpp/config/asio_no_tls.hpp"
#include "websocketpp/config/asio_no_tls_client.hpp"
#include "websocketpp/extensions/permessage_deflate/enabled.hpp"
#include "websocketpp/server.hpp"

namespace {

// The library's configuration `Base` with permessage-deflate.
template <typename Base>
struct Deflating : Base {
  struct permessage_deflate_config {};
  using permessage_deflate_type =
      websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config>;
  static const size_t max_message_size = peer::kMaxMessageBytes;
};

using Server = websocketpp::server<Deflating<websocketpp::config::asio>>;
using Client = websocketpp::client<Deflating<websocketpp::config::asio_client>>;
using websocketpp::connection_hdl;
namespace opcode = websocketpp::frame::opcode;

template <typename Endpoint>
void Quiet(Endpoint& endpoint) {
  endpoint.clear_access_channels(websocketpp::log::alevel::all);
  endpoint.clear_error_channels(websocketpp::log::elevel::all);
  endpoint.init_asio();
  endpoint.set_open_handshake_timeout(peer::kPatienceMs);
  endpoint.set_close_handshake_timeout(peer::kPatienceMs);
}

void Serve(uint16_t port) {
  Server server;
  Quiet(server);
  server.set_message_handler([&](connection_hdl connection, Server::message_ptr message) {
    websocketpp::lib::error_code gone;
    server.send(connection, message->get_payload(), message->get_opcode(), gone);
  });
  server.set_reuse_addr(true);
  server.listen(boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), port));
  server.start_accept();
  websocketpp::lib::asio::error_code error;
  peer::Listening(server.get_local_endpoint(error).port());
  server.run();
}

class Socket : public peer::Socket {
 public:
  Socket(const std::string& host, uint16_t port) {
    Quiet(client_);
    client_.set_open_handler([this](connection_hdl) { open_ = true; });
    client_.set_close_handler([this](connection_hdl) { closed_ = true; });
    client_.set_fail_handler([this](connection_hdl) { closed_ = true; });
    client_.set_message_handler([this](connection_hdl, Client::message_ptr message) {
      received_.push_back({message->get_opcode() == opcode::text, message->get_payload()});
    });
    websocketpp::lib::error_code error;
    connection_ = client_.get_connection("ws://" + host + ":" + std::to_string(port) + "/", error);
    if (error) throw std::runtime_error(error.message());
    client_.connect(connection_);
    RunUntil([this] { return open_; });
  }

  void Send(const peer::Message& message) override {
    const auto kind = message.text ? opcode::text : opcode::binary;
    if (const auto error = connection_->send(message.data, kind)) {
      throw std::runtime_error(error.message());
    }
  }

  peer::Message Receive() override {
    RunUntil([this] { return !received_.empty(); });
    peer::Message message = std::move(received_.front());
    received_.pop_front();
    return message;
  }

  void Close(uint16_t code, const std::string& reason) override {
    connection_->close(code, reason);
    while (!closed_) client_.run_one();
  }

 private:
  template <typename Condition>
  void RunUntil(Condition condition) {
    while (!condition()) {
      if (closed_) throw std::runtime_error("the connection has ended");
      client_.run_one();
    }
  }

  Client client_;
  Client::connection_ptr connection_;
  bool open_ = false;
  bool closed_ = false;
  std::deque<peer::Message> received_;
};

}  // namespace

int main(int argc, char** argv) {
  return peer::Main(argc, argv, Serve, [](const std::string& host, uint16_t port) {
    return std::make_unique<Socket>(host, port);
  });
}
