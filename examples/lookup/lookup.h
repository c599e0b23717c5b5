// Resolves host names with a blocking call.

#ifndef WEFT_EXAMPLES_LOOKUP_LOOKUP_H_
#define WEFT_EXAMPLES_LOOKUP_LOOKUP_H_

#include <string>

namespace examples {

// "localhost: 127.0.0.1 ::1", or the error: "nowhere.invalid: Name or service not known". Takes as
// long as the name service, which may be many seconds. Callable from any thread.
std::string LookUp(const std::string& name);

}  // namespace examples

#endif  // WEFT_EXAMPLES_LOOKUP_LOOKUP_H_
