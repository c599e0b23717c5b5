// The blocking client, and the one that reconnects.

#ifndef WEFT_CLIENT_H_
#define WEFT_CLIENT_H_

// IWYU pragma: begin_exports
#include "weft/client/client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnect_options.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/client/reconnecting/retry_options.h"
#include "weft/client/reconnecting_client.h"
#include "weft/core/encoded_message.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/url.h"
#include "weft/core/message.h"
#include "weft/transport/notification.h"
#include "weft/transport/tls_context.h"
// IWYU pragma: end_exports

#endif  // WEFT_CLIENT_H_
