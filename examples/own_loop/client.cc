// Sends messages to an echo server and prints the answers: a client on poll(2).

#include <iostream>

#include "examples/own_loop/end.h"

absl::Status Echo(const weft::Url& url, absl::Span<char* const> messages) {
  const auto handshake = weft::ClientHandshake::Create(url, kOptions.compression);
  if (!handshake.ok()) return handshake.status();
  sockaddr_in address = {AF_INET, htons(url.port), {inet_addr(url.host.c_str())}, {}};
  End end(weft::Role::kClient, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  connect(end.fd, reinterpret_cast<sockaddr*>(&address), sizeof address);  // recv tells of errors
  end.connection.QueueHandshake(handshake->request());
  while (!end.connection.done()) {
    pollfd wanted = end.Wanted();
    poll(&wanted, 1, -1);
    absl::Status status = end.Turn(
        [&](absl::string_view head) {
          const absl::StatusOr<weft::AgreedHandshake> agreed = handshake->Check(head);
          if (!agreed.ok()) return agreed.status();
          if (agreed->deflate) end.connection.UseDeflate(*agreed->deflate, kOptions);
          for (const char* message : messages) end.connection.SendText(message).IgnoreError();
          return end.connection.SendClose(weft::CloseCode::kNormal);  // the echoes come before its
        },
        [](const weft::Message& message) { std::cout << message.payload << std::endl; });
    if (!status.ok()) return status;
  }
  return end.connection.status();
}

int main(int argc, char** argv) {
  const absl::StatusOr<weft::Url> url = weft::ParseUrl(argc > 2 ? argv[1] : "");
  const absl::Status status = url.ok() ? Echo(*url, {argv + 2, size_t(argc - 2)}) : url.status();
  if (!status.ok()) std::cerr << status << "\nclient ws://ADDRESS:PORT/ MESSAGE...\n";
  return status.ok() ? 0 : 1;
}
