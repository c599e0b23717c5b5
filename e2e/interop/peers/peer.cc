#include "e2e/interop/peers/peer.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace peer {
namespace {

constexpr size_t kSizes[] = {0, 1, 125, 126, 127, 65535, 65536, 1 << 20};

Message TextOf(size_t size) {
  constexpr std::string_view kSample = "Weft and Schuß, 織物 🧵 ";
  Message message{.text = true};
  while (size - message.data.size() >= kSample.size()) message.data += kSample;
  message.data.append(size - message.data.size(), '.');
  return message;
}

Message BytesOf(size_t size) {
  Message message{.text = false};
  for (size_t i = 0; i < size; ++i) message.data += static_cast<char>(i * 31 + (i >> 8));
  return message;
}

void ExpectEchoes(Socket& socket, const std::vector<Message>& messages) {
  for (const Message& message : messages) socket.Send(message);
  for (const Message& message : messages) {
    if (socket.Receive() == message) continue;
    throw std::runtime_error("a message of " + std::to_string(message.data.size()) +
                             " bytes came back as another");
  }
}

// The exchange of websocket_cases.js, with messages of at least `min_bytes`.
void Exchange(Socket& socket, size_t min_bytes) {
  for (const size_t size : kSizes) {
    if (size < min_bytes) continue;
    ExpectEchoes(socket, {TextOf(size)});
    ExpectEchoes(socket, {BytesOf(size)});
  }
  // Half a megabyte at once, which the network buffers even if nothing is read while it is written.
  std::vector<Message> messages;
  for (size_t i = min_bytes; i < 1000; ++i) {
    messages.push_back(i % 2 == 1 ? BytesOf(i) : TextOf(i));
  }
  ExpectEchoes(socket, messages);
  socket.Close(1000, "done");
}

// "ws://127.0.0.1:8080" and whatever follows.
std::unique_ptr<Socket> ConnectTo(std::string_view url, const Connect& connect) {
  constexpr std::string_view kScheme = "ws://";
  const size_t colon = url.find(':', kScheme.size());
  if (url.substr(0, kScheme.size()) != kScheme || colon == url.npos) {
    throw std::invalid_argument("not ws://HOST:PORT: " + std::string(url));
  }
  const std::string host(url.substr(kScheme.size(), colon - kScheme.size()));
  return connect(host, static_cast<uint16_t>(std::stoi(std::string(url.substr(colon + 1)))));
}

void Run(const std::vector<std::string>& words, const Serve& serve, const Connect& connect) {
  if (words.size() == 2 && words[0] == "serve" && words[1].rfind("--port=", 0) == 0) {
    std::signal(SIGTERM, [](int) { _exit(0); });
    serve(static_cast<uint16_t>(std::stoi(words[1].substr(7))));
  } else if (words.size() >= 2 && words[0] == "exchange") {
    const bool no_empty = words.back() == "no_empty";
    Exchange(*ConnectTo(words[1], connect), no_empty ? 1 : 0);
  } else {
    throw std::invalid_argument("expected: serve --port=PORT, or exchange URL");
  }
}

}  // namespace

void Listening(uint16_t port) {
  std::printf("Server Listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
}

int Main(int argc, char** argv, const Serve& serve, const Connect& connect) {
  try {
    Run({argv + 1, argv + argc}, serve, connect);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace peer
