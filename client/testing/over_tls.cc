// Among the sources of a test, it makes the test's servers and clients use TLS.

#include "weft/testing/fake_server.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft::testing {

[[maybe_unused]] const bool kOverTls = (FakeServer::SpeakTls(TestTlsServer()), true);

}  // namespace weft::testing
