// An echo server on libwebsockets, on one thread.

#include <libwebsockets.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <new>
#include <string>
#include <utility>

namespace {

// A message, with the room before it that lws_write() puts the header in.
struct Message {
  bool text = false;
  std::string bytes = std::string(LWS_PRE, '\0');
};

struct Session {
  Message receiving{};
  std::deque<Message> sending{};
};

// Returns -1 to close the connection.
int Callback(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t size) {
  auto* const session = static_cast<Session*>(user);
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      new (user) Session;
      return 0;
    case LWS_CALLBACK_CLOSED:
      session->~Session();
      return 0;
    case LWS_CALLBACK_RECEIVE:  // a part of a message
      if (lws_is_first_fragment(wsi) != 0) {
        session->receiving.bytes.reserve(LWS_PRE + size + lws_remaining_packet_payload(wsi));
      }
      session->receiving.bytes.append(static_cast<const char*>(in), size);
      if (lws_remaining_packet_payload(wsi) == 0 && lws_is_final_fragment(wsi) != 0) {
        session->receiving.text = lws_frame_is_binary(wsi) == 0;
        session->sending.push_back(std::exchange(session->receiving, {}));
        lws_callback_on_writable(wsi);
      }
      return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: {  // one message a turn, as the library demands
      if (session->sending.empty()) return 0;
      Message& message = session->sending.front();
      const size_t payload = message.bytes.size() - LWS_PRE;
      const int written =
          lws_write(wsi, reinterpret_cast<unsigned char*>(message.bytes.data()) + LWS_PRE, payload,
                    message.text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
      session->sending.pop_front();
      if (!session->sending.empty()) lws_callback_on_writable(wsi);
      return written < static_cast<int>(payload) ? -1 : 0;
    }
    default:
      return 0;
  }
}

constexpr lws_protocols kProtocols[] = {
    {"echo", Callback, sizeof(Session), 65536, 0, nullptr, 0},
    {},
};

}  // namespace

int main(int argc, char** argv) {
  lws_set_log_level(LLL_ERR, nullptr);
  lws_context_creation_info info{};
  info.port = argc > 1 ? std::atoi(argv[1]) : 0;
  info.iface = "127.0.0.1";
  info.protocols = kProtocols;
  info.gid = info.uid = -1;
  info.pt_serv_buf_size = 65536;  // bytes that one read takes
  lws_context* const context = lws_create_context(&info);
  if (context == nullptr) return 1;
  std::printf("libwebsockets %d.%d.%d on 127.0.0.1:%d\n", LWS_LIBRARY_VERSION_MAJOR,
              LWS_LIBRARY_VERSION_MINOR, LWS_LIBRARY_VERSION_PATCH,
              lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
  std::fflush(stdout);
  while (lws_service(context, 0) >= 0) {
  }
}
