#include "examples/lookup/lookup.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

namespace examples {

std::string LookUp(const std::string& name) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;  // otherwise each address is returned once per socket type
  addrinfo* found = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (error != 0) return name + ": " + gai_strerror(error);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  std::string answer = name + ":";
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      answer += std::string(" ") + text;
    }
  }
  return answer;
}

}  // namespace examples
