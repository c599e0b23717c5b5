// Every buffer that a client can make grow: it stands in the account of max_buffered_bytes while it
// is there, and its memory is freed when it is not needed any more.

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/page.h"
#include "weft/server/server.h"
#include "weft/server/testing/server_fixture.h"
#include "weft/server/testing/test_client.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft {
namespace {

using testing::TestClient;

constexpr size_t kLarge = 8 << 20;  // more than the buffers of the system take

std::string Request(absl::string_view method, absl::string_view target,
                    absl::string_view headers = "", absl::string_view body = "") {
  return absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: here\r\n", headers, "\r\n", body);
}

std::string LargeHeader() { return absl::StrCat("X: ", std::string(15 << 10, 'x'), "\r\n"); }

size_t AllocatedNow() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A file of `size` bytes without a name.
UniqueFd MakeFile(size_t size) {
  std::FILE* const file = std::tmpfile();
  EXPECT_NE(file, nullptr);
  UniqueFd fd(dup(fileno(file)));
  std::fclose(file);
  EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return fd;
}

// What one client does to a server.
struct Use {
  const char* name;
  std::function<void(TestClient&)> act;
  size_t bytes = 0;  // that the server then holds for it, at least
};
std::ostream& operator<<(std::ostream& out, const Use& use) { return out << use.name; }

class BufferAccountTest : public testing::ServerFixture, public ::testing::WithParamInterface<Use> {
 protected:
  ~BufferAccountTest() override { server_.reset(); }

  void StartServer() {
    ServerOptions options;
    options.http = [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
      if (request.path() == "/large") return Page("text/plain", std::string(kLarge, 'L'));
      if (request.path() != "/file") return Page("text/plain", "s");
      PageResponse page;
      page.file = MakeFile(kLarge);
      page.file_bytes = kLarge;
      return page;
    };
    Start(std::move(options));
  }

  uint64_t account() const { return server_->metrics().buffered_bytes; }
};

// ---- Freed ----

class FreedTest : public BufferAccountTest {};

TEST_P(FreedTest, AnIdleConnectionHoldsNoBuffers) {
  constexpr size_t kWarmUp = 5, kClients = 20;
  StartServer();
  std::vector<Stream> idle;
  size_t allocated = 0;
  for (size_t i = 0; i < kWarmUp + kClients; ++i) {
    if (i == kWarmUp) {
      LetTheLoopTurn();
      allocated = AllocatedNow();
    }
    TestClient client = Connect();
    GetParam().act(client);
    idle.push_back(std::move(client.stream()));  // without the client's own buffer
  }
  LetTheLoopTurn();
  EXPECT_EQ(account(), 0u);
  EXPECT_LT(AllocatedNow() - allocated, kClients * 4096);
}

void ReadAnswer(TestClient& client, size_t bytes) {
  EXPECT_EQ(client.ReadHead().substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_EQ(client.ReadBytes(bytes).size(), bytes);
}

const Use kUses[] = {
    {"LargePage",
     [](TestClient& client) {
       client.Send(Request("GET", "/large"));
       ReadAnswer(client, kLarge);
     }},
    {"LargePageAndASmallOne",
     [](TestClient& client) {
       client.Send(Request("GET", "/large"));
       ReadAnswer(client, kLarge);
       client.Send(Request("GET", "/"));
       ReadAnswer(client, 1);
     }},
    {"File",
     [](TestClient& client) {
       client.Send(Request("GET", "/file"));
       ReadAnswer(client, kLarge);
     }},
    {"LargeRequestsInOneWrite",
     [](TestClient& client) {
       std::string requests;
       for (int i = 0; i < 4; ++i) requests += Request("GET", "/", LargeHeader());
       client.Send(requests);
       for (int i = 0; i < 4; ++i) ReadAnswer(client, 1);
     }},
    {"ManySmallAnswers",
     [](TestClient& client) {
       std::string requests;
       for (int i = 0; i < 500; ++i) requests += Request("GET", "/");
       client.Send(requests);
       for (int i = 0; i < 500; ++i) ReadAnswer(client, 1);
     }},
    {"Body",
     [](TestClient& client) {
       client.Send(Request("POST", "/", "Content-Length: 500000\r\n", std::string(500000, 'b')));
       ReadAnswer(client, 1);
     }},
    {"LongLinesOfAChunkedBody",
     [](TestClient& client) {
       client.Send(Request("POST", "/", "Transfer-Encoding: chunked\r\n",
                           absl::StrCat("1;", std::string(4000, 'e'),
                                        "\r\nb\r\n0\r\nT: ", std::string(4000, 't'), "\r\n\r\n")));
       ReadAnswer(client, 1);
     }},
};
INSTANTIATE_TEST_SUITE_P(, FreedTest, ::testing::ValuesIn(kUses),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weft
