// The query of a URL as named parameters (RFC 3986, section 3.4).

#ifndef WEFT_CORE_HTTP_QUERY_H_
#define WEFT_CORE_HTTP_QUERY_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace weft {

// The value of the first parameter called `name`, decoded: "a b" for the name "room" and the query
// "room=a%20b&x=1". A '+' is a space, as HTML forms and the URLSearchParams of browsers write it;
// they write a literal '+' as %2B. The name is decoded likewise, and compared byte for byte. Empty
// if the parameter has no value ("room" or "room="). The value may contain any byte, and need not
// be UTF-8.
//
// None if there is no such parameter, or if a '%' in the value of the first one is not followed by
// two hexadecimal digits. Parameters whose names have such a '%' are skipped. Takes time linear in
// the size of the query.
std::optional<std::string> QueryParameter(absl::string_view query, absl::string_view name);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_QUERY_H_
