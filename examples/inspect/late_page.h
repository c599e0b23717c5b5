// A page that takes long.

#ifndef WEFT_EXAMPLES_INSPECT_LATE_PAGE_H_
#define WEFT_EXAMPLES_INSPECT_LATE_PAGE_H_

#include <atomic>
#include <functional>
#include <memory>

#include "weft/loop/thread_pool.h"
#include "weft/server/http/page.h"

namespace examples {

// Makes a page on a thread of its own, so that the server's loop serves others meanwhile. One
// request at a time, and one waits; further ones get 503. Must outlive the server, and what `make`
// uses must outlive it.
//
//   const LatePage report([&] { return weft::Page("text/plain", Report()); });
//   router.Get("/report", report.pages());
class LatePage {
 public:
  explicit LatePage(std::function<weft::PageResponse()> make);

  weft::Pages pages() const;

 private:
  static constexpr int kMaxRequests = 2;  // one whose page is made, and one that waits

  bool TakePlace() const;

  const std::function<weft::PageResponse()> make_;
  mutable std::atomic<int> requests_{0};
  const std::unique_ptr<weft::ThreadPool> thread_;  // null: the system has no more threads
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_LATE_PAGE_H_
