#include <initializer_list>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "course/02_handshake/handshake.h"
#include "course/testing/expect.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Expect;
using testing::Quoted;

constexpr char kKey[] = "dGhlIHNhbXBsZSBub25jZQ==";

// The request of section 1.2, without what is optional.
constexpr char kRequest[] =
    "GET /chat HTTP/1.1\r\n"
    "Host: server.example.com\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "\r\n";

constexpr char kResponse[] =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "\r\n";

std::string With(absl::string_view text, absl::string_view from, absl::string_view to) {
  return absl::StrReplaceAll(text, {{from, to}});
}

TEST(Handshake, AcceptKeyOfTheRfc) {
  Expect({.sent = absl::StrCat("the key ", kKey),
          .expected = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
          .section = "RFC 6455, section 4.2.2, 5, number 4",
          .hint = "base64 of the SHA-1 of the key, as it is in the header, followed by "
                  "258EAFA5-E914-47DA-95CA-C5AB0DC85B11. Do not decode the key."},
         [] { return AcceptKey(kKey); });
}

TEST(Handshake, AHeadEndsWithAnEmptyLine) {
  const auto expect = [](absl::string_view bytes, size_t size, const std::string& hint) {
    Expect({.sent = Quoted(bytes),
            .expected = absl::StrCat(size),
            .section = "RFC 9112, section 2.1: Message Format",
            .hint = hint},
           [&] { return absl::StrCat(HeadSize(bytes)); });
  };
  expect("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, "Find \"\\r\\n\\r\\n\", and count its 4 bytes.");
  expect("GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x05Hello", 27,
         "The bytes after the empty line are frames, and not part of the head.");
  expect("GET / HTTP/1.1\r\nHost: a\r\n\r", 0, "The empty line is not complete: wait for more.");
  expect("", 0, "Nothing has arrived yet.");
}

std::string Shown(const absl::StatusOr<Head>& head) {
  if (!head.ok()) return "an error";
  std::string text = head->start_line;
  for (const auto& [name, value] : head->fields) {
    absl::StrAppend(&text, "\n", name, " = ", Quoted(value));
  }
  return text;
}

void ExpectHead(absl::string_view text, const std::string& expected, const std::string& section,
                const std::string& hint) {
  Expect({.sent = Quoted(text), .expected = expected, .section = section, .hint = hint},
         [&] { return Shown(ParseHead(text)); });
}

TEST(Handshake, AHeadHasAStartLineAndFields) {
  ExpectHead("GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n",
             "GET / HTTP/1.1\nHost = \"a\"\nX-Empty = \"\"", "RFC 9112, section 2.1",
             "Split at \"\\r\\n\". The first line is the start line; a value may be empty.");
  ExpectHead(
      "HTTP/1.1 101 Switching Protocols\r\nA: \t b c:d \r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\nA = \"b c:d\"", "RFC 9112, section 5",
      "Spaces and tabs around the value do not belong to it. The first colon ends the name.");
}

TEST(Handshake, LinesThatAreNotFieldsAreErrors) {
  const std::string section = "RFC 9112, section 5.1";
  ExpectHead("GET / HTTP/1.1\r\nHost a\r\n\r\n", "an error", section, "There is no colon.");
  ExpectHead("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "an error", section,
             "A space before the colon is not allowed: programs on the way read it differently.");
  ExpectHead("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "an error", "RFC 9112, section 5.2",
             "A line that begins with a space continued the line before it, long ago.");
  ExpectHead("GET / HTTP/1.1\r\n: a\r\n\r\n", "an error", section, "The name is empty.");
  ExpectHead("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", "an error", "RFC 9110, section 5.5",
             "A value must not have a control character, such as a line end of one byte.");
}

TEST(Handshake, FieldsAreFoundByName) {
  const auto expect = [](const char* name, const std::string& value, const std::string& hint) {
    const Head head = {.start_line = "GET / HTTP/1.1",
                       .fields = {{"HOST", "a"}, {"Accept", "x"}, {"accept", "y"}}};
    Expect({.sent = absl::StrCat("HOST: a, Accept: x, accept: y; the value of ", name),
            .expected = Quoted(value),
            .section = "RFC 9110, sections 5.1 and 5.3",
            .hint = hint},
           [&] { return Quoted(ValueOf(head, name)); });
  };
  expect("Host", "a", "Names are the same in upper and lower case: absl::EqualsIgnoreCase.");
  expect("Accept", "x, y", "Several fields of one name are one, with \", \" between the values.");
  expect("Origin", "", "There is none.");
}

TEST(Handshake, AListHasElements) {
  const auto expect = [](const char* list, bool has, const std::string& hint) {
    Expect({.sent = absl::StrCat("\"upgrade\" in the list ", Quoted(list)),
            .expected = has ? "yes" : "no",
            .section = "RFC 9110, section 5.6.1, and RFC 6455, section 4.2.1",
            .hint = hint},
           [&] { return std::string(HasToken(list, "upgrade") ? "yes" : "no"); });
  };
  expect("Upgrade", true, "The case does not matter.");
  expect("keep-alive, Upgrade", true, "Firefox sends this. Split at commas; skip spaces.");
  expect("keep-alive ,\tUPGRADE", true, "There may be spaces and tabs before and after a comma.");
  expect("upgrade-insecure", false, "The whole element, not a part of it.");
  expect("", false, "The list is empty.");
}

std::string Answer(absl::string_view request) {
  const absl::StatusOr<Head> head = ParseHead(request);
  return head.ok() ? AnswerTo(*head) : "ParseHead returned an error";
}

TEST(Handshake, ARequestIsAccepted) {
  const auto expect = [](const std::string& request, const std::string& hint) {
    Expect({.sent = Quoted(request),
            .expected = Quoted(kResponse),
            .section = "RFC 6455, section 4.2.2",
            .hint = hint},
           [&] { return Quoted(Answer(request)); });
  };
  expect(kRequest, "The four lines of handshake.h, each with \"\\r\\n\", and an empty line.");
  expect(With(With(kRequest, "Upgrade: websocket", "upgrade: WebSocket"), "Connection: Upgrade",
              "CONNECTION: keep-alive, upgrade"),
         "Names and these two values are the same in upper and lower case.");
}

// The status of a refusal, and those of `fields` that it has.
std::string Refused(const std::string& answer, std::initializer_list<const char*> fields) {
  std::string seen = answer.substr(0, std::string("HTTP/1.1 400").size());
  for (const char* field : fields) {
    if (absl::StrContains(absl::AsciiStrToLower(answer), absl::AsciiStrToLower(field))) {
      absl::StrAppend(&seen, "; ", field);
    }
  }
  return seen;
}

void ExpectRefusal(const std::string& request, const std::string& status,
                   std::initializer_list<const char*> fields, const std::string& section,
                   const std::string& hint) {
  std::string expected = "HTTP/1.1 " + status;
  for (const char* field : fields) absl::StrAppend(&expected, "; ", field);
  Expect({.sent = Quoted(request), .expected = expected, .section = section, .hint = hint},
         [&] { return Refused(Answer(request), fields); });
}

TEST(Handshake, RequestsThatAreNotForAWebSocketAreRefused) {
  ExpectRefusal(With(kRequest, "GET", "POST"), "405", {"\r\nAllow: GET\r\n"},
                "RFC 6455, section 4.2.1, 1, and RFC 9110, section 15.5.6",
                "The first word of the start line. A 405 says which methods are allowed.");
  ExpectRefusal(With(kRequest, "HTTP/1.1", "HTTP/1.0"), "505", {}, "RFC 6455, section 4.2.1, 1",
                "The third word of the start line.");
  ExpectRefusal(With(kRequest, "Host: server.example.com\r\n", ""), "400", {},
                "RFC 6455, section 4.2.1, 2", "Host is missing.");
  ExpectRefusal(With(kRequest, "Upgrade: websocket\r\n", ""), "426", {"\r\nUpgrade: websocket\r\n"},
                "RFC 6455, section 4.2.1, 3, and RFC 9110, section 15.5.22",
                "Upgrade is missing: this is a request for a page.");
  ExpectRefusal(With(kRequest, "Connection: Upgrade\r\n", "Connection: close\r\n"), "426", {},
                "RFC 6455, section 4.2.1, 4", "Connection does not have \"upgrade\".");
}

TEST(Handshake, RequestsThatAreMalformedAreRefused) {
  ExpectRefusal(With(kRequest, "HTTP/1.1", "FTP/1.1"), "400", {}, "RFC 9112, section 2.3",
                "505 is for another version of HTTP; this is not HTTP.");
  ExpectRefusal(With(kRequest, "/chat", "/#chat"), "400", {}, "RFC 9112, section 3.2",
                "A browser does not send the part of a URL after '#'.");
  ExpectRefusal(With(kRequest, "Host:", "Host: a\r\nHost:"), "400", {}, "RFC 9112, section 3.2",
                "Two hosts: ValueOf gives both with a comma and a space between.");
  ExpectRefusal(With(kRequest, "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13"),
                "400", {}, "RFC 6455, section 11.3.5", "A request has one version.");
  for (const char* protocols : {"", "a b", "chat, chat"}) {
    ExpectRefusal(
        With(kRequest, "Host:", absl::StrCat("Sec-WebSocket-Protocol: ", protocols, "\r\nHost:")),
        "400", {}, "RFC 6455, section 4.1, 10",
        "A list of tokens, each of which comes once. The field may be there and empty.");
  }
}

TEST(Handshake, APageOfAnotherHostIsRefused) {
  for (const char* origin :
       {"https://evil.example", "http://example.com", "https://server.example.com.evil.example"}) {
    ExpectRefusal(With(kRequest, "Host:", absl::StrCat("Origin: ", origin, "\r\nHost:")), "403", {},
                  "RFC 6455, section 10.2",
                  "Compare the host of Origin, without scheme and port, with that of Host.");
  }
  for (const char* origin :
       {"https://server.example.com", "http://SERVER.example.com:8080", "null"}) {
    ExpectRefusal(With(kRequest, "Host:", absl::StrCat("Origin: ", origin, "\r\nHost:")), "101", {},
                  "RFC 6455, section 10.2", "A page of this host, on any port, or of no host.");
  }
  ExpectRefusal(With(With(kRequest, "Host: server.example.com", "Host: [::1]:8082"),
                     "Upgrade:", "Origin: http://[::1]\r\nUpgrade:"),
                "101", {}, "RFC 6455, section 10.2",
                "The colons of an IPv6 address are in brackets, and no port follows them here.");
}

TEST(Handshake, AnEmptyLineBeforeARequestIsSkipped) {
  ExpectRefusal(absl::StrCat("\r\n", kRequest), "101", {}, "RFC 9112, section 2.2",
                "Some clients send one too many after the request before.");
}

TEST(Handshake, AnotherVersionIsRefusedWithTheOneThatIsSupported) {
  ExpectRefusal(With(kRequest, "Version: 13", "Version: 8"), "426",
                {"\r\nSec-WebSocket-Version: 13\r\n"}, "RFC 6455, section 4.4",
                "The refusal says which version the client should try.");
}

TEST(Handshake, AKeyThatIsNot16BytesIsRefused) {
  const std::string section = "RFC 6455, section 4.2.1, 5";
  ExpectRefusal(With(kRequest, kKey, "dGhlIHNhbXBsZQ=="), "400", {}, section,
                "absl::Base64Unescape decodes; these are only 10 bytes.");
  ExpectRefusal(
      With(kRequest, kKey, "dGhlIHNhbXBsZSBub25jZQ"), "400", {}, section,
      "absl::Base64Unescape accepts it, but base64 of 16 bytes has 24 characters: the \"==\" "
      "at the end is missing.");
  ExpectRefusal(With(kRequest, kKey, "!!!!!!!!!!!!!!!!!!!!!!=="), "400", {}, section,
                "This is not base64.");
  ExpectRefusal(With(kRequest, "Sec-WebSocket-Version",
                     absl::StrCat("Sec-WebSocket-Key: ", kKey, "\r\nSec-WebSocket-Version")),
                "400", {}, "RFC 6455, section 11.3.1",
                "Two keys: ValueOf gives both with a comma between, which is not base64.");
}

TEST(Handshake, TheRequestOfAClient) {
  Expect({.sent = "RequestFor(\"server.example.com\", \"/chat\", the key of the RFC)",
          .expected = Shown(Head{.start_line = "GET /chat HTTP/1.1",
                                 .fields = {{"Host", "server.example.com"},
                                            {"Upgrade", "websocket"},
                                            {"Connection", "Upgrade"},
                                            {"Sec-WebSocket-Key", kKey},
                                            {"Sec-WebSocket-Version", "13"}}}),
          .section = "RFC 6455, section 4.1",
          .hint = "A start line and five fields, in this order, and an empty line."},
         [] { return Shown(ParseHead(RequestFor("server.example.com", "/chat", kKey))); });
}

TEST(Handshake, TheResponseIsChecked) {
  const auto expect = [](const std::string& response, bool right, const std::string& hint) {
    Expect({.sent = Quoted(response),
            .expected = right ? "accepted" : "refused",
            .section = "RFC 6455, section 4.1: the client validates the response",
            .hint = hint},
           [&] {
             const absl::StatusOr<Head> head = ParseHead(response);
             if (!head.ok()) return std::string("ParseHead returned an error");
             return std::string(CheckResponse(*head, kKey).ok() ? "accepted" : "refused");
           });
  };
  expect(kResponse, true, "This is the response of the RFC.");
  expect(With(kResponse, "websocket", "WebSocket"), true, "The case of Upgrade does not matter.");
  expect(With(kResponse, "101 Switching Protocols", "101 "), true, "The reason may be empty.");
  expect(With(kResponse, "101 Switching", "200 OK or"), false, "Only 101 is an agreement.");
  expect(With(kResponse, "Upgrade: websocket\r\n", ""), false, "Upgrade is missing.");
  expect(With(kResponse, "Connection: Upgrade", "Connection: close"), false,
         "Connection does not have \"upgrade\".");
  expect(With(kResponse, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "S3PPLMBITXAQ9KYGZZHZRBK+XOO="), false,
         "Of Sec-WebSocket-Accept the case does matter.");
  expect(With(kResponse, "\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"), false,
         "The request did not offer a protocol.");
  expect(With(kResponse, "\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"), false,
         "The request did not offer an extension.");
}

// ---- Mistakes of real libraries: the README has the threads ----

std::string StatusOf(const std::string& request) { return Answer(request).substr(0, 12); }

void ExpectStatus(const std::string& request, const std::string& expected,
                  const std::string& section, const std::string& hint) {
  Expect({.sent = Quoted(request), .expected = expected, .section = section, .hint = hint},
         [&] { return StatusOf(request); });
}

void ExpectChecked(const std::string& response, const std::string& expected,
                   const std::string& hint) {
  Expect(
      {.sent = Quoted(response),
       .expected = expected,
       .section = "RFC 6455, section 4.1",
       .hint = hint},
      [&] {
        const absl::StatusOr<Head> head = ParseHead(response);
        return std::string(head.ok() && CheckResponse(*head, kKey).ok() ? "accepted" : "refused");
      });
}

TEST(Mistakes, UpgradeInCapitals) {
  ExpectStatus(With(kRequest, "websocket\r\n", "WebSocket\r\n"), "HTTP/1.1 101",
               "RFC 6455, section 4.2.1, 3", "The value is the same in upper and lower case.");
}

TEST(Mistakes, ConnectionIsAList) {
  ExpectStatus(With(kRequest, "Connection: Upgrade", "Connection: keep-alive, Upgrade"),
               "HTTP/1.1 101", "RFC 6455, section 4.2.1, 4", "Look for an element of the list.");
}

TEST(Mistakes, NamesInLowerCase) {
  ExpectStatus(absl::StrCat("GET /chat HTTP/1.1\r\n",
                            absl::AsciiStrToLower("Host: A\r\nUpgrade: websocket\r\n"
                                                  "Connection: upgrade\r\n"),
                            "sec-websocket-key: ", kKey, "\r\nsec-websocket-version: 13\r\n\r\n"),
               "HTTP/1.1 101", "RFC 9110, section 5.1", "ValueOf finds names in any case.");
  ExpectChecked(With(kResponse, "Sec-WebSocket-Accept", "sec-websocket-accept"), "accepted",
                "ValueOf finds names in any case.");
}

TEST(Mistakes, AnyAcceptIsGoodEnough) {
  ExpectChecked(With(kResponse, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "qELEzTXDs0AxcFlAJmMjCSwpgIc="),
                "refused", "Compare it with AcceptKey(key).");
  ExpectChecked(With(kResponse, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", ""),
                "refused", "It must be there.");
}

TEST(Mistakes, AnyKeyIsGoodEnough) {
  ExpectStatus(With(kRequest, kKey, "this is not base64 at al"), "HTTP/1.1 400",
               "RFC 6455, section 4.2.1, 5", "These are 24 characters, but not 16 bytes.");
}

}  // namespace
}  // namespace course
