// Among the sources of a test, it makes the test's servers and clients use TLS.

#include "weft/client/testing/fake_server.h"

namespace weft::testing {

[[maybe_unused]] const bool kOverTls = (FakeServer::SpeakTls(), true);

}  // namespace weft::testing
