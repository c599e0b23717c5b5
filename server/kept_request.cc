#include "weft/server/kept_request.h"

#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/string_memory.h"

namespace weft {
namespace {

size_t MemoryOf(const std::optional<PeerCertificate>& certificate) {
  if (!certificate.has_value()) return 0;
  size_t bytes = weft::MemoryOf(certificate->subject);
  for (const auto* names : {&certificate->dns_names, &certificate->ip_addresses,
                            &certificate->email_addresses, &certificate->uris}) {
    bytes += names->capacity() * sizeof(std::string);
    for (const std::string& name : *names) bytes += weft::MemoryOf(name);
  }
  return bytes;
}

// Of the parts that every request has.
template <typename Request>
size_t MemoryOfParts(const Request& request) {
  return request.headers.size() * sizeof(HttpHeader) + MemoryOf(request.peer_certificate) +
         weft::MemoryOf(request.path_parameters);
}

// Parses a copy of the head again, for views into the copy. It has been parsed before, so that it
// cannot fail.
HttpRequest ParseAgain(absl::string_view head) {
  return *ParseHttpRequest(head, {.max_head_bytes = head.size(), .max_headers = head.size()});
}

}  // namespace

std::unique_ptr<KeptRequest> Keep(const SessionRequest& request, absl::string_view head) {
  std::unique_ptr<KeptRequest> kept(new KeptRequest{.head = std::string(head)});
  kept->request = request;
  kept->request.context = nullptr;
  static_cast<UpgradeRequest&>(kept->request) = *ParseUpgradeRequest(ParseAgain(kept->head));
  kept->request.target = request.target;
  kept->bytes = sizeof(KeptRequest) + weft::MemoryOf(kept->head) +
                weft::MemoryOf(kept->request.target) + MemoryOfParts(kept->request);
  return kept;
}

std::unique_ptr<KeptPageRequest> Keep(const PageRequest& request, absl::string_view head) {
  std::unique_ptr<KeptPageRequest> kept(new KeptPageRequest{.head = std::string(head),
                                                            .target = std::string(request.target),
                                                            .subpath = std::string(request.subpath),
                                                            .body = std::string(request.body)});
  kept->request = request;
  static_cast<HttpRequest&>(kept->request) = ParseAgain(kept->head);
  // A view into the head: see RequestTarget.
  kept->request.host = ParseRequestTarget(kept->request)->host;
  kept->request.target = kept->target;
  kept->request.subpath = kept->subpath;
  kept->request.body = kept->body;
  kept->request.context = nullptr;
  kept->bytes = sizeof(KeptPageRequest) + weft::MemoryOf(kept->head) +
                weft::MemoryOf(kept->target) + weft::MemoryOf(kept->subpath) +
                weft::MemoryOf(kept->body) + MemoryOfParts(kept->request);
  return kept;
}
}  // namespace weft
