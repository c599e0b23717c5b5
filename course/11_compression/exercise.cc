// Your code of chapter 11: README.md says what to write.

#include <zlib.h>

#include "course/11_compression/compression.h"
#include "course/not_written_yet.h"

namespace course {

// ---- The negotiation ----

absl::StatusOr<std::optional<Agreement>> Agree(absl::string_view offers) { NotWrittenYet(); }

std::string ExtensionFor(const Agreement& agreement) { NotWrittenYet(); }

// ---- Messages ----

struct Deflater::State {
  z_stream stream = {};
};

Deflater::Deflater(int bits, bool takeover) : state_(std::make_unique<State>()) {}

Deflater::~Deflater() = default;

std::string Deflater::Deflate(absl::string_view message) { NotWrittenYet(); }

struct Inflater::State {
  z_stream stream = {};
};

Inflater::Inflater(int bits, bool takeover) : state_(std::make_unique<State>()) {}

Inflater::~Inflater() = default;

Inflater::Result Inflater::Inflate(absl::string_view* bytes, bool last, std::string* output) {
  NotWrittenYet();
}

// ---- The wire ----

// All that a wire remembers. Add what you need.
struct DeflateWire::State {
  std::unique_ptr<Deflater> deflater;  // if compression is agreed, as the next
  std::unique_ptr<Inflater> inflater;
};

DeflateWire::DeflateWire(uint64_t max_message_bytes)
    : Wire(max_message_bytes), state_(std::make_unique<State>()) {}

DeflateWire::~DeflateWire() = default;

std::string DeflateWire::Answer(const Head& request) { NotWrittenYet(); }

std::vector<Event> DeflateWire::Read(absl::string_view bytes) { NotWrittenYet(); }

const std::optional<Failure>& DeflateWire::failure() const { NotWrittenYet(); }

std::string DeflateWire::Frame(Opcode opcode, absl::string_view payload) { NotWrittenYet(); }

}  // namespace course
