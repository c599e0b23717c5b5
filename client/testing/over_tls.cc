// In the sources of a test: its servers speak TLS, and so do its clients.

#include "weft/client/testing/fake_server.h"

namespace weft::testing {

[[maybe_unused]] const bool kOverTls = (FakeServer::SpeakTls(), true);

}  // namespace weft::testing
