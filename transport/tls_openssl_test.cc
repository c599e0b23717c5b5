// TLS with the command line of another implementation: openssl s_server and s_client.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"
#include "weft/transport/wait.h"

extern char** environ;

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::TestCaFile;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;

// Far longer than any test here takes.
const Deadline kSoon = Deadline::After(absl::Minutes(3));

// The openssl command while it runs.
class OpenSsl {
 public:
  explicit OpenSsl(const std::vector<std::string>& words) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) std::abort();
    in_ = UniqueFd(in[1]);
    out_ = UniqueFd(out[0]);
    const UniqueFd child_in(in[0]), child_out(out[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_in.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, child_out.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, child_out.get(), 2);
    std::string command = "openssl";
    std::vector<char*> argv = {command.data()};
    std::vector<std::string> copies = words;
    for (std::string& word : copies) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int error = posix_spawnp(&pid_, "openssl", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    EXPECT_EQ(error, 0) << "cannot start openssl";
  }

  ~OpenSsl() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  void Say(absl::string_view line) {
    EXPECT_EQ(write(in_.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }

  // Waits until it has printed `text`, and returns the output after that so far.
  std::string Await(absl::string_view text) {
    while (!absl::StrContains(printed_, text)) {
      char buffer[4096];
      const ssize_t count = Wait(out_.get(), Interest::kRead, kSoon).ok()
                                ? read(out_.get(), buffer, sizeof(buffer))
                                : 0;
      if (count <= 0) {
        ADD_FAILURE() << "openssl ended, and never printed \"" << text << "\":\n" << printed_;
        return "";
      }
      printed_.append(buffer, static_cast<size_t>(count));
    }
    return printed_.substr(printed_.find(std::string(text)) + text.size());
  }

 private:
  pid_t pid_ = -1;
  UniqueFd in_, out_;
  std::string printed_;
};

// `openssl s_server` on a free port.
class SServer {
 public:
  explicit SServer(std::vector<std::string> words) : openssl(With(std::move(words))) {
    std::string rest;
    do {
      rest = openssl.Await("ACCEPT 127.0.0.1:");
    } while (!rest.empty() && !absl::StrContains(rest, "\n"));
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(rest.substr(0, rest.find('\n')), &port)) << rest;
    auto connected =
        ConnectTo({*SocketAddress::FromIp("127.0.0.1", static_cast<uint16_t>(port))}, kSoon);
    EXPECT_TRUE(connected.ok()) << connected.status();
    if (connected.ok()) stream = *std::move(connected);
  }

  OpenSsl openssl;
  Stream stream;  // to openssl, plain

 private:
  static std::vector<std::string> With(std::vector<std::string> words) {
    const std::vector<std::string> front = {"s_server",
                                            "-accept",
                                            "127.0.0.1:0",
                                            "-cert",
                                            TestCaFile("server.pem"),
                                            "-key",
                                            TestCaFile("server.key")};
    words.insert(words.begin(), front.begin(), front.end());
    return words;
  }
};

// `openssl s_client`, connected to us.
class SClient {
 public:
  explicit SClient(std::vector<std::string> words)
      : listener_(*Listen(*SocketAddress::FromIp("127.0.0.1", 0))),
        openssl(With(std::move(words))) {
    EXPECT_TRUE(Wait(listener_.get(), Interest::kRead, kSoon).ok());
    EXPECT_TRUE(Accept(listener_.get(), &stream).ok());
  }

 private:
  std::vector<std::string> With(std::vector<std::string> words) {
    const std::vector<std::string> front = {"s_client",
                                            "-connect",
                                            LocalAddress(listener_.get()).ToString(),
                                            "-CAfile",
                                            TestCaFile("ca.pem"),
                                            "-verify_hostname",
                                            "localhost",
                                            "-servername",
                                            "localhost",
                                            "-verify_return_error"};
    words.insert(words.begin(), front.begin(), front.end());
    return words;
  }

  UniqueFd listener_;

 public:
  OpenSsl openssl;
  Stream stream;  // from openssl, plain
};

// Reads until `text` arrived; returns the error that prevented it, if any.
absl::Status ReadUntil(Stream& stream, absl::string_view text) {
  std::string got;
  while (!absl::StrContains(got, text)) {
    char buffer[1000];
    const IoResult result = stream.Read(absl::MakeSpan(buffer));
    if (result.status == IoStatus::kWouldBlock) {
      absl::Status status = Wait(stream.fd(), result.wanted, kSoon);
      if (!status.ok()) return status;
    } else if (!result.ok()) {
      return result.status == IoStatus::kEof ? absl::OutOfRangeError("end") : stream.Error(result);
    }
    got.append(buffer, result.bytes);
  }
  return absl::OkStatus();
}

absl::Status WriteAll(Stream& stream, absl::string_view data) {
  while (!data.empty()) {
    const IoResult result = stream.Write(data);
    if (result.status == IoStatus::kWouldBlock) {
      absl::Status status = Wait(stream.fd(), result.wanted, kSoon);
      if (!status.ok()) return status;
    } else if (!result.ok()) {
      return stream.Error(result);
    }
    data.remove_prefix(result.bytes);
  }
  return absl::OkStatus();
}

class TlsOpenSslTest : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Versions, TlsOpenSslTest, ::testing::Values("-tls1_2", "-tls1_3"),
                         [](const auto& info) { return info.param.substr(1); });

TEST_P(TlsOpenSslTest, OurClient) {
  SServer server({GetParam(), "-rev", "-alpn", "http/1.1"});
  ASSERT_TRUE(server.stream.StartTlsClient(*TestTlsClient(), "localhost").ok());
  ASSERT_EQ(WriteAll(server.stream, "hello\n"), absl::OkStatus());
  EXPECT_EQ(ReadUntil(server.stream, "olleh\n"), absl::OkStatus());
}

TEST_P(TlsOpenSslTest, OurClientWithACertificate) {
  SServer server({GetParam(), "-rev", "-Verify", "1", "-verify_return_error", "-CAfile",
                  TestCaFile("ca.pem")});
  const auto context =
      TestTlsClient({.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")});
  ASSERT_TRUE(server.stream.StartTlsClient(*context, "localhost").ok());
  ASSERT_EQ(WriteAll(server.stream, "hello\n"), absl::OkStatus());
  EXPECT_EQ(ReadUntil(server.stream, "olleh\n"), absl::OkStatus());
}

TEST_P(TlsOpenSslTest, OurClientWithoutTheCertificateItNeeds) {
  SServer server(
      {GetParam(), "-Verify", "1", "-verify_return_error", "-CAfile", TestCaFile("ca.pem")});
  ASSERT_TRUE(server.stream.StartTlsClient(*TestTlsClient(), "localhost").ok());
  absl::Status status = ReadUntil(server.stream, "never");
  EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("certificate, but none is configured"));
}

TEST_P(TlsOpenSslTest, OurServer) {
  SClient client({GetParam(), "-alpn", "http/1.1"});
  ASSERT_TRUE(client.stream.StartTlsServer(*TestTlsServer()).ok());
  ASSERT_EQ(WriteAll(client.stream, "hello from weft\n"), absl::OkStatus());
  client.openssl.Await("hello from weft");
  client.openssl.Await("ALPN protocol: http/1.1");
  client.openssl.Await("Verification: OK");
  client.openssl.Say("hello from openssl\n");
  EXPECT_EQ(ReadUntil(client.stream, "hello from openssl\n"), absl::OkStatus());
  client.openssl.Say("Q\n");
  EXPECT_EQ(ReadUntil(client.stream, "never"), absl::OutOfRangeError("end"));
}

TEST_P(TlsOpenSslTest, OurServerResumes) {
  const auto context = TestTlsServer();
  const std::string session = ::testing::TempDir() + GetParam() + ".session";
  for (const char* how : {"-sess_out", "-sess_in"}) {
    SClient client({GetParam(), how, session});
    ASSERT_TRUE(client.stream.StartTlsServer(*context).ok());
    ASSERT_EQ(WriteAll(client.stream, "hello\n"), absl::OkStatus());
    client.openssl.Await("hello");
    client.openssl.Await(how == std::string("-sess_in") ? "Reused, TLS" : "New, TLS");
    EXPECT_EQ(client.stream.resumed(), how == std::string("-sess_in"));
    client.openssl.Say("Q\n");  // it writes the file when it exits
    EXPECT_EQ(ReadUntil(client.stream, "never"), absl::OutOfRangeError("end"));
  }
}

TEST_P(TlsOpenSslTest, OurServerWithClientsCertificates) {
  SClient client({GetParam(), "-cert", TestCaFile("client.pem"), "-key", TestCaFile("client.key")});
  ASSERT_TRUE(
      client.stream
          .StartTlsServer(*TestTlsServer({.identities = {TestIdentity("server")},
                                          .client_certificates = ClientCertificates::kRequired,
                                          .client_ca_file = TestCaFile("ca.pem")}))
          .ok());
  ASSERT_EQ(WriteAll(client.stream, "hello\n"), absl::OkStatus());
  client.openssl.Await("hello");
  EXPECT_THAT(client.openssl.Await("Acceptable client certificate CA names"),
              HasSubstr("Weft Test CA"));
  ASSERT_TRUE(client.stream.peer_certificate().has_value());
  EXPECT_EQ(client.stream.peer_certificate()->subject, "CN=client,O=Weft");
}

// TLS 1.3 has no renegotiation; earlier versions have it, and several attacks used it.
TEST(TlsOpenSslTest, OurServerRefusesToRenegotiate) {
  SClient client({"-tls1_2"});
  ASSERT_TRUE(client.stream.StartTlsServer(*TestTlsServer()).ok());
  ASSERT_EQ(WriteAll(client.stream, "hello\n"), absl::OkStatus());
  client.openssl.Await("hello");
  client.openssl.Say("R\n");
  EXPECT_EQ(ReadUntil(client.stream, "never"),
            absl::UnavailableError("the client asked to renegotiate, which is refused"));
}

TEST(TlsOpenSslTest, OurClientRefusesToRenegotiate) {
  SServer server({"-tls1_2"});
  ASSERT_TRUE(server.stream.StartTlsClient(*TestTlsClient(), "localhost").ok());
  ASSERT_EQ(WriteAll(server.stream, "hello\n"), absl::OkStatus());
  server.openssl.Await("hello");
  server.openssl.Say("r\n");
  EXPECT_EQ(ReadUntil(server.stream, "never"),
            absl::UnavailableError("the server asked to renegotiate, which is refused"));
}

TEST(TlsOpenSslTest, KeysAreUpdated) {
  SClient client({"-tls1_3"});
  ASSERT_TRUE(client.stream.StartTlsServer(*TestTlsServer()).ok());
  ASSERT_EQ(WriteAll(client.stream, "hello\n"), absl::OkStatus());
  client.openssl.Await("hello");
  client.openssl.Say("K\n");
  client.openssl.Await("KEYUPDATE");
  client.openssl.Say("with new keys\n");
  EXPECT_EQ(ReadUntil(client.stream, "with new keys\n"), absl::OkStatus());
  ASSERT_EQ(WriteAll(client.stream, "on both sides\n"), absl::OkStatus());
  client.openssl.Await("on both sides");
}

}  // namespace
}  // namespace weft
