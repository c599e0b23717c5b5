// An echo server on websocketpp and Boost.Asio, on one thread.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "websocketpp/config/asio_no_tls.hpp"
#include "websocketpp/server.hpp"
#include "websocketpp/version.hpp"

namespace {

using Server = websocketpp::server<websocketpp::config::asio>;
using websocketpp::connection_hdl;
namespace asio = websocketpp::lib::asio;

}  // namespace

int main(int argc, char** argv) {
  const auto port = static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  Server server;
  server.clear_access_channels(websocketpp::log::alevel::all);
  server.clear_error_channels(websocketpp::log::elevel::all);
  server.init_asio();
  server.set_open_handler([&](connection_hdl connection) {
    server.get_con_from_hdl(connection)->get_raw_socket().set_option(asio::ip::tcp::no_delay(true));
  });
  server.set_message_handler([&](connection_hdl connection, Server::message_ptr message) {
    websocketpp::lib::error_code gone;
    server.send(connection, message->get_payload(), message->get_opcode(), gone);
  });
  server.set_reuse_addr(true);
  server.set_listen_backlog(4096);
  server.listen(asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
  server.start_accept();
  asio::error_code error;
  std::printf("websocketpp %s on 127.0.0.1:%d\n", websocketpp::user_agent + 12,  // WebSocket++/
              server.get_local_endpoint(error).port());
  std::fflush(stdout);
  server.run();
}
