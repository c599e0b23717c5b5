// The echo server of examples/echo with a coroutine for each session, for comparisons with it.

#include "examples/server_main.h"
#include "weft/coro.h"

namespace {

weft::Task<> Echo(weft::coro::Session s) {
  while (auto m = co_await s.Receive())
    if (!(co_await s.Send(*m)).ok()) co_return;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::RunServer(
      examples::ServerOptionsFromFlags(argc, argv, "Sends each message back, by a coroutine."),
      weft::coro::Handler(Echo));
}
