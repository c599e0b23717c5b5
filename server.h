// The server: sessions, topics, pages and metrics, on a pool of event loops.

#ifndef WEFT_SERVER_H_
#define WEFT_SERVER_H_

// IWYU pragma: begin_exports
#include "weft/core/encoded_message.h"
#include "weft/core/http/cookie.h"
#include "weft/core/http/http_status.h"
#include "weft/core/message.h"
#include "weft/loop/signals.h"
#include "weft/sending/send_options.h"
#include "weft/server/acceptor.h"
#include "weft/server/handler.h"
#include "weft/server/http/embedded_files.h"
#include "weft/server/http/page.h"
#include "weft/server/http/static_files.h"
#include "weft/server/limits/descriptors.h"
#include "weft/server/listening/service_manager.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/metrics/prometheus.h"
#include "weft/server/on_handler_threads.h"
#include "weft/server/router.h"
#include "weft/server/running_server.h"
#include "weft/server/server.h"
#include "weft/server/server_options.h"
#include "weft/server/session.h"
#include "weft/server/session_ref.h"
#include "weft/server/session_topics.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/subscribe_options.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"
#include "weft/server/topics/topic_options.h"
#include "weft/transport/tls_context.h"
// IWYU pragma: end_exports

#endif  // WEFT_SERVER_H_
