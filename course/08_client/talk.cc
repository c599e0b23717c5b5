// Sends a text with the client of chapter 8, and prints the answer.
//
//   ./bazelw run //course/08_client:talk -- 127.0.0.1 8080 Hello

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "course/06_messages/messages.h"
#include "course/08_client/client.h"

namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);

int Failed(const absl::Status& status) {
  std::cerr << "Error: " << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: talk HOST PORT TEXT\n";
    return 2;
  }
  const auto client = course::Client::Connect(argv[1], std::atoi(argv[2]), "/", kTimeout);
  if (!client.ok()) return Failed(client.status());
  const absl::Status sent = (*client)->Send(course::Opcode::kText, argv[3], kTimeout);
  if (!sent.ok()) return Failed(sent);
  const absl::StatusOr<course::Event> answer = (*client)->Receive(kTimeout);
  if (!answer.ok()) return Failed(answer.status());
  std::cout << answer->payload << "\n";
  const absl::Status closed = (*client)->Close(1000, "bye", kTimeout);
  if (!closed.ok()) return Failed(closed);
  std::cout << "closed with " << (*client)->info().code << "\n";
}
