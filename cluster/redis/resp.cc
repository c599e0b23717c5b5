#include "weft/cluster/redis/resp.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "hiredis/hiredis.h"
#include "hiredis/read.h"

namespace weft {

void AppendCommandHead(size_t arguments, std::string* out) {
  absl::StrAppend(out, "*", arguments, "\r\n");
}

void AppendArgument(absl::string_view argument, std::string* out) {
  absl::StrAppend(out, "$", argument.size(), "\r\n", argument, "\r\n");
}

void AppendCommand(absl::Span<const absl::string_view> arguments, std::string* out) {
  AppendCommandHead(arguments.size(), out);
  for (const absl::string_view argument : arguments) AppendArgument(argument, out);
}

// The object functions of hiredis' reader build `reply` in place. A null result ends the reader
// with "Out of memory"; `refusal` then has the reason.
struct RespReader::State {
  struct Delete {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

#if HIREDIS_MAJOR >= 1
  using ArraySize = size_t;
#else
  using ArraySize = int;
#endif

  static redisReplyObjectFunctions Functions() {
    redisReplyObjectFunctions functions{};
    functions.createString = CreateString;
    functions.createArray = CreateArray;
    functions.createInteger = CreateInteger;
    functions.createNil = CreateNil;
#if HIREDIS_MAJOR >= 1
    functions.createDouble = [](const redisReadTask* task, double, char*, size_t) -> void* {
      return Of(task).Refuse("a number of RESP3");
    };
    functions.createBool = [](const redisReadTask* task, int) -> void* {
      return Of(task).Refuse("a boolean of RESP3");
    };
#endif
    functions.freeObject = [](void*) {};  // `reply` owns all of it
    return functions;
  }

  static State& Of(const redisReadTask* task) { return *static_cast<State*>(task->privdata); }

  // The value to fill: the reply itself, or an element of the array that is being read.
  static RespValue* ValueOf(const redisReadTask* task) {
    if (task->parent == nullptr) return &Of(task).reply;
    return &static_cast<RespValue*>(task->parent->obj)->elements[static_cast<size_t>(task->idx)];
  }

  static void* CreateString(const redisReadTask* task, char* text, size_t size) {
    State& state = Of(task);
    RespValue* const value = ValueOf(task);
    switch (task->type) {
      case REDIS_REPLY_STRING:
        value->type = RespValue::Type::kString;
        break;
      case REDIS_REPLY_STATUS:
        value->type = RespValue::Type::kStatus;
        break;
      case REDIS_REPLY_ERROR:
        value->type = RespValue::Type::kError;
        break;
      default:
        return state.Refuse("a string of RESP3");
    }
    if (size > kMaxReplyBytes - state.bytes) {
      return state.Refuse(absl::StrCat("a reply of more than ", kMaxReplyBytes, " bytes"));
    }
    state.bytes += size;
    value->text.assign(text, size);
    value->elements.clear();
    return value;
  }

  static void* CreateArray(const redisReadTask* task, ArraySize size) {
    State& state = Of(task);
    if (task->type != REDIS_REPLY_ARRAY) return state.Refuse("a map or a set of RESP3");
    int depth = 1;
    for (const redisReadTask* at = task->parent; at != nullptr; at = at->parent) ++depth;
    if (depth > kMaxDepth) {
      return state.Refuse(absl::StrCat("arrays in more than ", kMaxDepth, " arrays"));
    }
    const auto elements = static_cast<size_t>(size);
    if (elements > kMaxElements - state.elements) {
      return state.Refuse(absl::StrCat("a reply of more than ", kMaxElements, " elements"));
    }
    state.elements += elements;
    RespValue* const value = ValueOf(task);
    value->type = RespValue::Type::kArray;
    value->text.clear();
    value->elements.resize(elements);
    return value;
  }

  static void* CreateInteger(const redisReadTask* task, long long number) {
    RespValue* const value = Emptied(ValueOf(task));
    value->type = RespValue::Type::kInteger;
    value->integer = number;
    return value;
  }

  static void* CreateNil(const redisReadTask* task) {
    RespValue* const value = Emptied(ValueOf(task));
    value->type = RespValue::Type::kNil;
    return value;
  }

  // An earlier reply was there: a caller may look at a field before it looks at the type.
  static RespValue* Emptied(RespValue* value) {
    value->text.clear();
    value->elements.clear();
    return value;
  }

  void* Refuse(absl::string_view what) {
    refusal = absl::StrCat("the server sent ", what);
    return nullptr;
  }

  // hiredis keeps bytes until a line or a string is complete, and searches them again each time.
  bool HasLongLine() const {
    const size_t size = reader->len - reader->pos;
    return size > kMaxLineBytes &&
           std::memchr(reader->buf + reader->pos, '\n', kMaxLineBytes) == nullptr;
  }

  redisReplyObjectFunctions functions = Functions();
  std::unique_ptr<redisReader, Delete> reader;
  RespValue reply;
  size_t bytes = 0;     // of the strings of `reply`
  size_t elements = 0;  // of its arrays
  std::string refusal;
  absl::Status status;
};

RespReader::RespReader() : state_(std::make_unique<State>()) {
  state_->reader.reset(redisReaderCreateWithFunctions(&state_->functions));
  if (state_->reader == nullptr) {
    state_->status = absl::ResourceExhaustedError("no memory for a reader of replies");
    return;
  }
  state_->reader->privdata = state_.get();
}

RespReader::~RespReader() = default;

void RespReader::Feed(absl::string_view bytes) {
  if (!state_->status.ok() || bytes.empty()) return;
  redisReaderFeed(state_->reader.get(), bytes.data(), bytes.size());
}

absl::StatusOr<RespValue*> RespReader::Next() {
  State& state = *state_;
  if (!state.status.ok()) return state.status;
  redisReader& reader = *state.reader;
  void* reply = nullptr;
  if (redisReaderGetReply(&reader, &reply) != REDIS_OK) {
    state.status = absl::InvalidArgumentError(
        !state.refusal.empty() ? state.refusal
                               : absl::StrCat("the server does not speak RESP2: ", reader.errstr));
    return state.status;
  }
  if (reply != nullptr) {
    state.bytes = 0;
    state.elements = 0;
    return &state.reply;
  }
  const size_t buffered = reader.len - reader.pos;
  if (buffered > kMaxReplyBytes) {
    state.Refuse(absl::StrCat("a reply of more than ", kMaxReplyBytes, " bytes"));
  } else if (state.HasLongLine()) {
    state.Refuse(absl::StrCat("a line of more than ", kMaxLineBytes, " bytes"));
  }
  if (!state.refusal.empty()) {
    state.status = absl::InvalidArgumentError(state.refusal);
    return state.status;
  }
  return nullptr;
}

}  // namespace weft
