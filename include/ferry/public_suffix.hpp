// Which domains are public suffixes: names under which strangers register theirs, so that no cookie may cover them.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_PSL
#include <libpsl.h>
#endif

#include <string>
#include <string_view>

namespace ferry::detail {

/// Whether a cookie for all names under `domain` would reach strangers (RFC 6265bis 5.7). With libpsl that is what its
/// built-in list says, private suffixes such as `github.io` included; without it, or when it was built without a list,
/// only a single label, such as `com` or `localhost`, is one. `domain` is in lower case and not an address.
inline bool is_public_suffix(std::string_view domain) {
    if (domain.ends_with('.')) domain.remove_suffix(1);  // The list has no names with a dot at the end.
    if (domain.find('.') == std::string_view::npos) return true;
#if FERRY_HAS_PSL
    const psl_ctx_t* list = psl_builtin();
    return list != nullptr && psl_is_public_suffix(list, std::string(domain).c_str()) != 0;
#else
    return false;
#endif
}

}  // namespace ferry::detail
