// The size of an open session's objects: a change that makes one of them larger fails here.

#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/server/served_session.h"

namespace weft {
namespace {

TEST(SizeTest, OfAConnection) { EXPECT_LE(sizeof(Connection), 32u); }
// glibc's malloc gives 184 bytes in the same chunk as 169.
TEST(SizeTest, OfASession) { EXPECT_LE(sizeof(ServedSession), 184u); }

}  // namespace
}  // namespace weft
