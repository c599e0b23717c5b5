// Boost.Beast.

#include <thread>

#include "boost/asio/connect.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/websocket.hpp"
#include "e2e/interop/peers/peer.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;

using Stream = websocket::stream<tcp::socket>;

void SetOptions(Stream& stream) {
  stream.read_message_max(peer::kMaxMessageBytes);
  websocket::permessage_deflate deflate;
  deflate.server_enable = true;
  deflate.client_enable = true;
  stream.set_option(deflate);
}

peer::Message Read(Stream& stream) {
  beast::flat_buffer buffer;
  stream.read(buffer);
  return {.text = stream.got_text(), .data = beast::buffers_to_string(buffer.data())};
}

void Write(Stream& stream, const peer::Message& message) {
  stream.text(message.text);
  stream.write(asio::buffer(message.data));
}

void Echo(tcp::socket socket) {
  Stream stream(std::move(socket));
  SetOptions(stream);
  try {
    stream.accept();
    while (true) Write(stream, Read(stream));
  } catch (const boost::system::system_error&) {
    // The end, such as websocket::error::closed.
  }
}

void Serve(uint16_t port) {
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), port});
  peer::Listening(acceptor.local_endpoint().port());
  while (true) std::thread(Echo, acceptor.accept()).detach();
}

class Socket : public peer::Socket {
 public:
  Socket(const std::string& host, uint16_t port) : stream_(context_) {
    tcp::resolver resolver(context_);
    asio::connect(stream_.next_layer(), resolver.resolve(host, std::to_string(port)));
    SetOptions(stream_);
    stream_.handshake(host + ":" + std::to_string(port), "/");
  }

  void Send(const peer::Message& message) override { Write(stream_, message); }
  peer::Message Receive() override { return Read(stream_); }
  void Close(uint16_t code, const std::string& reason) override {
    stream_.close(websocket::close_reason(static_cast<websocket::close_code>(code), reason));
  }

 private:
  asio::io_context context_;
  Stream stream_;
};

}  // namespace

int main(int argc, char** argv) {
  return peer::Main(argc, argv, Serve, [](const std::string& host, uint16_t port) {
    return std::make_unique<Socket>(host, port);
  });
}
