// Coroutines: a session's handler as one function that waits.

#ifndef WEFT_CORO_H_
#define WEFT_CORO_H_

// IWYU pragma: begin_exports
#include "weft/coro/handler.h"
#include "weft/coro/session.h"
#include "weft/coro/slot.h"
#include "weft/coro/task.h"
#include "weft/coro/when_any.h"
#include "weft/coro/with_timeout.h"
// IWYU pragma: end_exports

#endif  // WEFT_CORO_H_
