// For the tests of an application: a scripted client and server, connections without a socket that
// fail when a test says so, and a clock that a test controls. docs/howto/testing.md shows each.

#ifndef WEFT_TESTING_H_
#define WEFT_TESTING_H_

// IWYU pragma: begin_exports
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/connection_pair.h"
#include "weft/testing/fake_server.h"
#include "weft/testing/journal.h"
#include "weft/testing/manual_clock.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/testing/wire.h"
// IWYU pragma: end_exports

#endif  // WEFT_TESTING_H_
