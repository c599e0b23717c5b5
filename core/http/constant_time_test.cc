#include "weft/core/http/constant_time.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(ConstantTimeEqualTest, R23_SaysWhatEqualsSays) {
  const absl::string_view all[] = {"",
                                   "a",
                                   "b",
                                   "ab",
                                   "ba",
                                   "secret",
                                   "Secret",
                                   "secreT",
                                   "secre",
                                   "secrets",
                                   absl::string_view("a\0", 2),
                                   absl::string_view("a\0b", 3),
                                   absl::string_view("a\0c", 3)};
  for (const absl::string_view a : all) {
    for (const absl::string_view b : all) EXPECT_EQ(ConstantTimeEqual(a, b), a == b) << a << b;
  }
}

// Memory that the kernel provides when it is first read, which can be observed.
class Pages {
 public:
  Pages() {
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    data_ = static_cast<char*>(memory);
  }
  ~Pages() { munmap(data_, size_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  char* data() { return data_; }
  absl::string_view view() const { return {data_, size_}; }
  bool SawLastPage() const {
    unsigned char resident[kPages] = {};
    if (mincore(data_, size_, resident) != 0) std::abort();
    return (resident[kPages - 1] & 1) != 0;
  }

 private:
  static constexpr size_t kPages = 8;

  const size_t size_ = kPages * sysconf(_SC_PAGESIZE);
  char* data_;
};

// BoringSSL is responsible for the time; this test shows that the comparison continues after the
// first difference.
TEST(ConstantTimeEqualTest, R23_LooksAtEveryByteWhereverTheFirstDifferenceIs) {
  Pages a, b;
  a.data()[0] = 'a';
  b.data()[0] = 'b';
  ASSERT_FALSE(a.SawLastPage());
  EXPECT_FALSE(a.view() == b.view());
  ASSERT_FALSE(a.SawLastPage());  // the comparison that must not be used
  EXPECT_FALSE(ConstantTimeEqual(a.view(), b.view()));
  EXPECT_TRUE(a.SawLastPage());
  EXPECT_TRUE(b.SawLastPage());
}

}  // namespace
}  // namespace weft
