// Holds cookies by their domains, within limits: finds those for a URL, makes room. Has no lock and reads no clock.
#pragma once

#include <ferry/cookie.hpp>
#include <ferry/cookie_rules.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// How many cookies a jar holds. Beyond that expired ones go first, then those that were not sent for longest; Secure
/// ones only when no others are left, so that no http server can drive them out (RFC 6265bis 5.7). 0 keeps none.
struct CookieLimits {
    std::size_t max_per_domain = 50;  ///< of one value of `Cookie::domain`
    std::size_t max_total = 3000;
};

namespace detail {

struct KeptCookie {
    Cookie cookie;
    std::uint64_t created = 0;       // Ages are an order, not times: no clock that is set back confuses it.
    mutable std::uint64_t used = 0;  // When it was last sent or set, in the same order.
};

class CookieStore {
public:
    explicit CookieStore(CookieLimits limits) : limits_(limits) {}

    std::size_t size() const noexcept { return size_; }

    /// Keeps the cookie in place of the same one, whose age it inherits; one that has expired only removes that.
    void put(Cookie cookie, cookie_time now) {
        KeptCookie* old = find(cookie);
        if (is_expired(cookie, now)) {
            if (old != nullptr) erase(*old);
        } else if (old != nullptr) {
            old->cookie = std::move(cookie);
            old->used = ++events_;
        } else if (make_room(cookie.domain, now)) {
            auto& cookies = shelf_for(cookie.domain).cookies;
            ++events_;
            cookies.push_back({std::move(cookie), events_, events_});
            ++size_;
        }
    }

    /// Whether the cookie, coming from a server that is not to be trusted with Secure ones, would take the place of
    /// such a one in the eyes of its server ("leave secure cookies alone", RFC 6265bis 5.7).
    bool shadows_secure(const Cookie& cookie) const noexcept {
        return any([&cookie](const Cookie& kept) {
            return kept.secure && kept.name == cookie.name && path_matches(cookie.path, kept.path) &&
                   (domain_matches(kept.domain, cookie.domain) || domain_matches(cookie.domain, kept.domain));
        });
    }

    /// Those that a request to the URL carries, in their order: longer paths first, then the older ones. They stay
    /// where they are until the store changes.
    std::vector<const KeptCookie*> matching(const Url& to, cookie_time now) const {
        std::vector<const KeptCookie*> found;
        const bool trusted = is_trustworthy(to);
        const auto host = to.host();
        for (auto domain = host; !domain.empty(); domain = parent(domain)) {
            const auto shelf = position(domain);
            if (shelf == shelves_.end() || shelf->domain != domain) continue;
            for (const auto& kept : shelf->cookies) {
                const Cookie& c = kept.cookie;
                if ((!c.host_only || domain.size() == host.size()) && (!c.secure || trusted) && !is_expired(c, now) &&
                    path_matches(to.path(), c.path))
                    found.push_back(&kept);
            }
        }
        std::sort(found.begin(), found.end(), [](const KeptCookie* a, const KeptCookie* b) {
            const auto one = a->cookie.path.size(), other = b->cookie.path.size();
            return one != other ? one > other : a->created < b->created;
        });
        return found;
    }

    /// Notes that the cookie has been sent.
    void touch(const KeptCookie& kept) noexcept { kept.used = ++events_; }

    /// All that have not expired, the oldest first.
    std::vector<Cookie> all(cookie_time now) const {
        std::vector<const KeptCookie*> found;
        for (const auto& shelf : shelves_)
            for (const auto& kept : shelf.cookies)
                if (!is_expired(kept.cookie, now)) found.push_back(&kept);
        std::sort(found.begin(), found.end(),
                  [](const KeptCookie* a, const KeptCookie* b) { return a->created < b->created; });
        std::vector<Cookie> cookies;
        cookies.reserve(found.size());
        for (const auto* kept : found) cookies.push_back(kept->cookie);
        return cookies;
    }

    /// Removes the cookies of which `unwanted(const Cookie&)` holds; how many.
    template <class Predicate> std::size_t erase_if(Predicate unwanted) {
        const std::size_t before = size_;
        for (auto& shelf : shelves_) erase_on(shelf, unwanted);
        drop_empty();
        return before - size_;
    }

private:
    struct Shelf {
        std::string domain;
        std::vector<KeptCookie> cookies;
    };

    /// The next domain up; none above an address.
    static std::string_view parent(std::string_view domain) noexcept {
        const auto dot = is_address(domain) ? std::string_view::npos : domain.find('.');
        return dot == std::string_view::npos ? std::string_view() : domain.substr(dot + 1);
    }

    /// Where the shelf of this domain is, or would be.
    std::vector<Shelf>::const_iterator position(std::string_view domain) const noexcept {
        return std::lower_bound(shelves_.begin(), shelves_.end(), domain,
                                [](const Shelf& shelf, std::string_view d) { return shelf.domain < d; });
    }

    Shelf* shelf_of(std::string_view domain) noexcept {
        const auto at = position(domain);
        if (at == shelves_.end() || at->domain != domain) return nullptr;
        return &shelves_[static_cast<std::size_t>(at - shelves_.begin())];
    }

    Shelf& shelf_for(const std::string& domain) {
        if (Shelf* shelf = shelf_of(domain)) return *shelf;
        return *shelves_.insert(position(domain), Shelf{domain, {}});
    }

    KeptCookie* find(const Cookie& cookie) noexcept {
        if (Shelf* shelf = shelf_of(cookie.domain)) {
            for (auto& kept : shelf->cookies)
                if (same_cookie(kept.cookie, cookie)) return &kept;
        }
        return nullptr;
    }

    template <class Predicate> bool any(Predicate wanted) const noexcept {
        for (const auto& shelf : shelves_)
            for (const auto& kept : shelf.cookies)
                if (wanted(kept.cookie)) return true;
        return false;
    }

    template <class Predicate> void erase_on(Shelf& shelf, Predicate unwanted) {
        size_ -= std::erase_if(shelf.cookies, [&](const KeptCookie& kept) { return unwanted(kept.cookie); });
    }

    void erase(const KeptCookie& unwanted) {
        const auto id = unwanted.created;
        size_ -= std::erase_if(shelf_of(unwanted.cookie.domain)->cookies,
                               [id](const KeptCookie& kept) { return kept.created == id; });
        drop_empty();
    }

    void drop_empty() {
        std::erase_if(shelves_, [](const Shelf& shelf) { return shelf.cookies.empty(); });
    }

    /// Makes room for one more cookie of this domain; false when none may be kept.
    bool make_room(std::string_view domain, cookie_time now) {
        if (limits_.max_per_domain == 0 || limits_.max_total == 0) return false;
        const auto expired = [now](const Cookie& cookie) { return is_expired(cookie, now); };
        if (Shelf* shelf = shelf_of(domain); shelf != nullptr && shelf->cookies.size() >= limits_.max_per_domain) {
            erase_on(*shelf, expired);
            if (shelf->cookies.size() >= limits_.max_per_domain) erase(*least_missed(nullptr, *shelf));
            else drop_empty();
        }
        if (size_ < limits_.max_total) return true;
        if (erase_if(expired) == 0) erase_least_of_all();
        return true;
    }

    void erase_least_of_all() {
        const KeptCookie* least = nullptr;
        for (const auto& shelf : shelves_) least = least_missed(least, shelf);
        erase(*least);
    }

    /// The one that is missed least, of `other`, unless it is null, and those on the shelf.
    static const KeptCookie* least_missed(const KeptCookie* other, const Shelf& shelf) noexcept {
        for (const auto& kept : shelf.cookies)
            if (other == nullptr || missed_less(kept, *other)) other = &kept;
        return other;
    }

    static bool missed_less(const KeptCookie& a, const KeptCookie& b) noexcept {
        return a.cookie.secure != b.cookie.secure ? !a.cookie.secure : a.used < b.used;
    }

    CookieLimits limits_;
    std::vector<Shelf> shelves_;  // In the order of their domains; none is empty.
    std::size_t size_ = 0;
    std::uint64_t events_ = 0;
};

}  // namespace detail
}  // namespace ferry
