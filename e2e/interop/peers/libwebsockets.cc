// libwebsockets.

#include <libwebsockets.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <vector>

#include "e2e/interop/peers/peer.h"

namespace {

// One connection of either role. The library passes it to every callback.
struct Session {
  lws* wsi = nullptr;
  bool open = false;
  bool closed = false;
  bool closing = false;
  std::string receiving{};  // the message so far
  std::deque<peer::Message> received{};
  std::deque<peer::Message> sending{};
  std::vector<unsigned char> writing{};  // the library reads it after lws_write, too
};

// Writes one message, the most that is allowed in one turn. Returns false if that fails.
bool WriteOne(Session& session) {
  if (session.sending.empty()) return true;
  const peer::Message message = std::move(session.sending.front());
  session.sending.pop_front();
  session.writing.resize(LWS_PRE + message.data.size());
  std::copy(message.data.begin(), message.data.end(), session.writing.begin() + LWS_PRE);
  const int written = lws_write(session.wsi, session.writing.data() + LWS_PRE, message.data.size(),
                                message.text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
  if (!session.sending.empty()) lws_callback_on_writable(session.wsi);
  return written >= 0;
}

void ReadPart(Session& session, const void* data, size_t size) {
  session.receiving.append(static_cast<const char*>(data), size);
  if (lws_remaining_packet_payload(session.wsi) > 0 || !lws_is_final_fragment(session.wsi)) return;
  const bool text = lws_frame_is_binary(session.wsi) == 0;
  session.received.push_back({.text = text, .data = std::move(session.receiving)});
  session.receiving.clear();
}

// Returns -1 to close the connection.
int Callback(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t size) {
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      new (user) Session{.wsi = wsi, .open = true};
      return 0;
    case LWS_CALLBACK_CLOSED:
      static_cast<Session*>(user)->~Session();
      return 0;
    case LWS_CALLBACK_RECEIVE: {
      Session& session = *static_cast<Session*>(user);
      ReadPart(session, in, size);
      session.sending.insert(session.sending.end(), session.received.begin(),
                             session.received.end());
      session.received.clear();
      if (!session.sending.empty()) lws_callback_on_writable(wsi);
      return 0;
    }
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      static_cast<Session*>(user)->open = true;
      return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
      static_cast<Session*>(user)->closed = true;
      return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      ReadPart(*static_cast<Session*>(user), in, size);
      return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE: {
      Session& session = *static_cast<Session*>(user);
      return WriteOne(session) && !session.closing ? 0 : -1;
    }
    default:
      return 0;
  }
}

constexpr lws_protocols kProtocols[] = {
    {"echo", Callback, sizeof(Session), 65536, 0, nullptr, 0},
    {},
};

constexpr lws_extension kExtensions[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate; client_max_window_bits"},
    {},
};

lws_context* MakeContext(int port) {
  lws_set_log_level(LLL_ERR, nullptr);
  lws_context_creation_info info{};
  info.port = port;
  info.iface = "127.0.0.1";
  info.protocols = kProtocols;
  info.extensions = kExtensions;
  info.gid = info.uid = -1;
  info.timeout_secs = info.connect_timeout_secs = peer::kPatienceMs / 1000;
  lws_context* const context = lws_create_context(&info);
  if (context == nullptr) throw std::runtime_error("lws_create_context failed");
  return context;
}

void Serve(uint16_t port) {
  lws_context* const context = MakeContext(port);
  peer::Listening(lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
  while (lws_service(context, 0) >= 0) {
  }
}

class Socket : public peer::Socket {
 public:
  Socket(const std::string& host, uint16_t port) : context_(MakeContext(CONTEXT_PORT_NO_LISTEN)) {
    lws_client_connect_info info{};
    info.context = context_;
    info.address = info.host = host.c_str();
    info.port = port;
    info.path = "/";
    info.userdata = &session_;
    info.local_protocol_name = kProtocols[0].name;
    session_.wsi = lws_client_connect_via_info(&info);
    RunUntil([this] { return session_.open; });
  }

  ~Socket() override { lws_context_destroy(context_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void Send(const peer::Message& message) override {
    session_.sending.push_back(message);
    lws_callback_on_writable(session_.wsi);
  }

  peer::Message Receive() override {
    RunUntil([this] { return !session_.received.empty(); });
    peer::Message message = std::move(session_.received.front());
    session_.received.pop_front();
    return message;
  }

  void Close(uint16_t code, const std::string& reason) override {
    std::string text = reason;
    lws_close_reason(session_.wsi, static_cast<lws_close_status>(code),
                     reinterpret_cast<unsigned char*>(text.data()), text.size());
    session_.closing = true;
    lws_callback_on_writable(session_.wsi);
    while (!session_.closed) lws_service(context_, 0);
  }

 private:
  template <typename Condition>
  void RunUntil(Condition condition) {
    while (!condition()) {
      if (session_.closed) throw std::runtime_error("the connection has ended");
      lws_service(context_, 0);
    }
  }

  lws_context* const context_;
  Session session_;
};

}  // namespace

int main(int argc, char** argv) {
  return peer::Main(argc, argv, Serve, [](const std::string& host, uint16_t port) {
    return std::make_unique<Socket>(host, port);
  });
}
