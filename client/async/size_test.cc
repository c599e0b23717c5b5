// The size of an open connection: a change that makes it larger fails here.

#include "gtest/gtest.h"
#include "weft/client/async/loop_client.h"

namespace weft {
namespace {

// glibc's malloc gives 184 bytes in the same chunk as 169; //server/tests holds a session to it.
TEST(ClientSizeTest, OfAConnection) { EXPECT_LE(sizeof(LoopClient), 184u); }

}  // namespace
}  // namespace weft
