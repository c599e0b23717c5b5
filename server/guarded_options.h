// The application's functions, called through an ExceptionGuard.

#ifndef WEFT_SERVER_GUARDED_OPTIONS_H_
#define WEFT_SERVER_GUARDED_OPTIONS_H_

#include "weft/core/log.h"
#include "weft/loop/exception_guard.h"
#include "weft/server/acceptor.h"
#include "weft/server/server_options.h"

namespace weft {

ExceptionGuard::ReportHook LogExceptions(const LogHook& log);

// Wrapped so that an exception becomes an error. Handlers and hooks.topic_options are not wrapped:
// sessions and TopicBrokers call them through the guard. It must outlive the results.
Acceptor Guarded(Acceptor acceptor, ExceptionGuard& guard);
ServerOptions Guarded(ServerOptions options, ExceptionGuard& guard);

}  // namespace weft

#endif  // WEFT_SERVER_GUARDED_OPTIONS_H_
