// A path for a Unix socket.

#ifndef WEFT_TRANSPORT_TESTING_SOCKET_PATH_H_
#define WEFT_TRANSPORT_TESTING_SOCKET_PATH_H_

#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace weft::testing {

// A path that no other test has, in a folder of its own; both are removed in the end. It is not in
// the test's own folder, whose name is longer than a socket's path may be. A process id would not
// make it unique: each sandbox counts its own.
class SocketPath {
 public:
  SocketPath() { EXPECT_NE(mkdtemp(folder_), nullptr); }
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;
  ~SocketPath() {
    unlink(path().c_str());
    rmdir(folder_);
  }

  std::string path() const { return absl::StrCat(folder_, "/socket"); }
  std::string address() const { return absl::StrCat("unix:", path()); }

 private:
  char folder_[32] = "/tmp/weft_test_XXXXXX";
};

}  // namespace weft::testing

#endif  // WEFT_TRANSPORT_TESTING_SOCKET_PATH_H_
