// Your code of chapter 9: README.md says what to write.

#include <utility>

#include "course/09_server/server.h"
#include "course/not_written_yet.h"

namespace course {

// ---- One connection, without its socket ----

// All that a connection remembers. Add what you need.
struct Conversation::State {
  OnMessage on_message;
  std::string output;
  std::unique_ptr<Wire> wire;
  Closing closing{Role::kServer};
};

Conversation::Conversation(OnMessage on_message, std::unique_ptr<Wire> wire)
    : state_(std::make_unique<State>()) {
  state_->on_message = std::move(on_message);
  state_->wire = std::move(wire);
}

Conversation::~Conversation() = default;

void Conversation::Take(absl::string_view bytes) { NotWrittenYet(); }

void Conversation::TakeEnd() { NotWrittenYet(); }

void Conversation::Send(Opcode opcode, absl::string_view payload) { NotWrittenYet(); }

void Conversation::Close(int code, absl::string_view reason) { NotWrittenYet(); }

std::string& Conversation::output() { return state_->output; }

Socket Conversation::socket() const { NotWrittenYet(); }

Phase Conversation::phase() const { NotWrittenYet(); }

// ---- All connections ----

absl::StatusOr<int> ListenOn(int port, int* bound) { NotWrittenYet(); }

struct Server::State {
  Conversation::OnMessage on_message;
};

Server::Server() : state_(std::make_unique<State>()) {}

Server::~Server() = default;  // close all sockets

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(int port,
                                                       Conversation::OnMessage on_message) {
  NotWrittenYet();
}

int Server::port() const { NotWrittenYet(); }

void Server::Run() { NotWrittenYet(); }

void Server::Stop() { NotWrittenYet(); }

}  // namespace course
