// An echo server on Boost.Beast, asynchronous on one thread.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "boost/asio/ip/tcp.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/websocket.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : stream_(std::move(socket)) {}

  void Run() {
    stream_.read_message_max(32 << 20);
    stream_.auto_fragment(false);  // one frame for a message
    stream_.async_accept(
        [self = shared_from_this()](beast::error_code error) { self->Read(error); });
  }

 private:
  void Read(beast::error_code error) {
    if (error) return;
    stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code failed, size_t) {
      self->Write(failed);
    });
  }

  void Write(beast::error_code error) {
    if (error) return;
    stream_.text(stream_.got_text());
    stream_.async_write(buffer_.data(),
                        [self = shared_from_this()](beast::error_code failed, size_t) {
                          self->buffer_.consume(self->buffer_.size());
                          self->Read(failed);
                        });
  }

  websocket::stream<tcp::socket> stream_;
  beast::flat_buffer buffer_;
};

void Accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](beast::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket))->Run();
    }
    Accept(acceptor);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  asio::io_context context(1);  // one thread
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), port});
  acceptor.listen(4096);
  std::printf("Boost.Beast of Boost %d.%d on 127.0.0.1:%d\n", BOOST_VERSION / 100000,
              BOOST_VERSION / 100 % 1000, acceptor.local_endpoint().port());
  std::fflush(stdout);
  Accept(acceptor);
  context.run();
}
