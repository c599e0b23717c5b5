// The asynchronous client.

#ifndef WEFT_ASYNC_CLIENT_H_
#define WEFT_ASYNC_CLIENT_H_

// IWYU pragma: begin_exports
#include "weft/client/async/async_client.h"
#include "weft/client/async/async_reconnect_options.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/client_metrics.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/reconnect_handler.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/client/reconnecting/retry_options.h"
#include "weft/core/encoded_message.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/message.h"
// IWYU pragma: end_exports

#endif  // WEFT_ASYNC_CLIENT_H_
