// What a probe of an idle connection can find.
#pragma once

#include <ferry/stats.hpp>

#include <ostream>
#include <string_view>

namespace ferry::detail {

enum class verdict { alive, closed, unsolicited_data, error, tls_error };

constexpr std::string_view to_string(verdict v) noexcept {
    switch (v) {
    case verdict::alive: return "alive";
    case verdict::closed: return "closed";
    case verdict::unsolicited_data: return "unsolicited data";
    case verdict::error: return "error";
    case verdict::tls_error: return "TLS error";
    }
    return "unknown verdict";
}
inline std::ostream& operator<<(std::ostream& os, verdict v) { return os << to_string(v); }

/// Why a connection that is not alive is discarded.
constexpr DiscardReason reason_of(verdict v) noexcept {
    switch (v) {
    case verdict::unsolicited_data: return DiscardReason::unsolicited_data;
    case verdict::error: return DiscardReason::reset;
    case verdict::tls_error: return DiscardReason::tls_error;
    default: return DiscardReason::peer_closed;
    }
}

}  // namespace ferry::detail
