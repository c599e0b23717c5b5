// The protocol without I/O: an open WebSocket as a state machine, and the opening handshake. For a
// program with its own event loop, such as examples/own_loop.

#ifndef WEFT_CORE_H_
#define WEFT_CORE_H_

// IWYU pragma: begin_exports
#include "weft/core/connection.h"
#include "weft/core/connection_group.h"
#include "weft/core/connection_options.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/encoded_message.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/url.h"
#include "weft/core/log.h"
#include "weft/core/message.h"
#include "weft/core/opening_handshake.h"
#include "weft/core/version.h"
// IWYU pragma: end_exports

#endif  // WEFT_CORE_H_
