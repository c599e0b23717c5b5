// Coroutines: a session's handler, or the user of a client, as one function that waits.

#ifndef WEFT_CORO_H_
#define WEFT_CORO_H_

// IWYU pragma: begin_exports
#include "weft/client/async/client_loop.h"
#include "weft/coro/acceptor.h"
#include "weft/coro/connect.h"
#include "weft/coro/handler.h"
#include "weft/coro/publish.h"
#include "weft/coro/session.h"
#include "weft/coro/slot.h"
#include "weft/coro/spawn.h"
#include "weft/coro/task.h"
#include "weft/coro/topic_notice.h"
#include "weft/coro/when_any.h"
#include "weft/coro/with_timeout.h"
// IWYU pragma: end_exports

#endif  // WEFT_CORO_H_
