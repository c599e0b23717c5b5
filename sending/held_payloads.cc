#include "weft/sending/held_payloads.h"

#include <utility>

namespace weft {

class HeldPayloads::Held {
 public:
  Held(HeldPayloads& all, std::shared_ptr<const void> owner, size_t size)
      : all_(all), owner_(std::move(owner)), size_(size) {
    *all_.bytes_ += size_;
    all_.budget_->Add(size_);
  }
  ~Held() {
    *all_.bytes_ -= size_;
    all_.budget_->Return(size_);
    all_.held_.erase(owner_.get());
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  HeldPayloads& all_;
  const std::shared_ptr<const void> owner_;
  const size_t size_;
};

std::shared_ptr<const void> HeldPayloads::Keep(std::shared_ptr<const void> owner, size_t size) {
  std::weak_ptr<const Held>& known = held_[owner.get()];
  std::shared_ptr<const Held> held = known.lock();
  if (held == nullptr) {
    held = std::make_shared<const Held>(*this, std::move(owner), size);
    known = held;
  }
  return held;
}

}  // namespace weft
