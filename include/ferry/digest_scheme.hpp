// Digest authentication as a scheme: remembers the nonce of each server, and counts its uses over all threads.
#pragma once

#include <ferry/auth_scheme.hpp>
#include <ferry/digest.hpp>
#include <ferry/origin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::detail {

/// What the `domain` of a challenge covers on its own server (RFC 7616 3.3): every URI that begins with one of these.
/// Other servers that it names are asked anew. Without a domain, all of the server is covered.
class ProtectionSpace {
public:
    ProtectionSpace(const Url& challenged, std::string_view domain) {
        while (prefixes_.size() < max_challenges && !(domain = trim(domain)).empty()) {
            const auto size = std::min(domain.find(' '), domain.size());
            Url url;
            if (!url.assign(challenged, domain.substr(0, size))) prefixes_.push_back(url.absolute_form());
            domain.remove_prefix(size);
            whole_server_ = false;
        }
    }

    bool covers(const Url& url) const {
        if (whole_server_) return true;
        const auto text = url.absolute_form();
        return std::any_of(prefixes_.begin(), prefixes_.end(), [&](auto& p) { return text.starts_with(p); });
    }

private:
    std::vector<std::string> prefixes_;
    bool whole_server_ = true;
};

/// Thread-safe. A server is a scheme, host and port, and has one nonce at a time; at most `max_servers` are remembered.
class DigestScheme final : public AuthScheme {
public:
    static constexpr std::size_t max_servers = 64;

    /// `cnonce` makes the client's part of an answer, which must be beyond guessing.
    explicit DigestScheme(DigestUser user, std::string (*cnonce)() = random_hex)
        : user_(std::move(user)), cnonce_(cnonce) {}

    /// Empty until this server has sent a challenge.
    std::string authorize(const AuthRequest& request) override {
        const auto use = next_use(request);
        return use.key ? digest_field(*use.key, request.method, request.target, use.count) : std::string();
    }

    bool challenged(const std::vector<Challenge>& challenges, const AuthRequest& request,
                    std::string_view sent) override {
        auto offered = strongest_digest(challenges);
        if (!offered) return false;
        const auto refused = what_was_sent(sent);
        const std::lock_guard lock(mutex_);
        const auto known = find(request);
        const bool same_nonce = known != servers_.end() && known->nonce() == refused.nonce;
        if (is_final(*offered, refused, request)) {
            if (same_nonce) servers_.erase(known);
            return false;
        }
        // Another thread has been challenged meanwhile: one nonce for all of them.
        if (known != servers_.end() && !same_nonce && known->realm() == offered->realm && known->covers(request))
            return true;
        return remember(std::move(*offered), request);
    }

    /// Takes a `nextnonce` (RFC 7616 3.5), unless the nonce that it is to follow has been replaced already.
    void accepted(std::string_view info, const AuthRequest& request, std::string_view sent) override {
        const auto parsed = parse_challenges({"Digest " + std::string(info)});
        const auto next = parsed.empty() ? std::nullopt : parsed.front().find("nextnonce");
        if (!next || next->empty() || !is_field_value(*next)) return;
        const auto used = what_was_sent(sent);
        const std::lock_guard lock(mutex_);
        const auto known = find(request);
        if (known == servers_.end() || known->nonce() != used.nonce || known->nonce() == *next) return;
        auto challenge = known->key->challenge;
        challenge.nonce = *next;
        if (auto key = make_digest_key(std::move(challenge), user_, cnonce_())) known->renew(std::move(*key));
    }

private:
    struct Server {
        Origin origin;
        bool proxy;
        ProtectionSpace space;
        std::shared_ptr<const DigestKey> key;
        std::uint32_t uses = 0;

        const std::string& nonce() const noexcept { return key->challenge.nonce; }
        const std::string& realm() const noexcept { return key->challenge.realm; }
        bool covers(const AuthRequest& request) const { return proxy || space.covers(request.url); }
        void renew(DigestKey&& with) {
            key = std::make_shared<const DigestKey>(std::move(with));
            uses = 0;
        }
    };
    struct Use {
        std::shared_ptr<const DigestKey> key = {};
        std::uint32_t count = 0;
    };
    struct Sent {
        std::string realm = {}, nonce = {};
    };

    /// The nonce and its next count, taken under the lock; the hashes are worked out after it.
    Use next_use(const AuthRequest& request) {
        const std::lock_guard lock(mutex_);
        const auto known = find(request);
        if (known == servers_.end() || !known->covers(request)) return {};
        if (known->uses == std::numeric_limits<std::uint32_t>::max()) {
            servers_.erase(known);
            return {};
        }
        return {known->key, ++known->uses};
    }

    /// Whether it was the user who was refused. Nothing sent, or a field sent beforehand: the server may merely have
    /// forgotten its nonce, so that is answered once. An answer that was refused in the same realm is final, unless
    /// only its nonce was too old (RFC 7616 3.3, `stale`). The same nonce again leaves nothing new to say.
    static bool is_final(const DigestChallenge& offered, const Sent& refused, const AuthRequest& request) {
        if (offered.nonce == refused.nonce && offered.realm == refused.realm) return true;
        return request.answered > 0 && !offered.stale && offered.realm == refused.realm;
    }

    /// Credentials have the grammar of a challenge (RFC 9110 11.4).
    static Sent what_was_sent(std::string_view sent) {
        const auto fields = parse_challenges({sent});
        if (fields.empty() || !fields.front().is("Digest")) return {};
        const auto& f = fields.front();
        return {std::string(f.find("realm").value_or("")), std::string(f.find("nonce").value_or(""))};
    }

    bool remember(DigestChallenge&& challenge, const AuthRequest& request) {
        ProtectionSpace space(request.url, challenge.domain);
        auto key = make_digest_key(std::move(challenge), user_, cnonce_());
        if (!key) return false;
        if (const auto known = find(request); known != servers_.end()) {
            known->space = std::move(space);
            known->renew(std::move(*key));
            return true;
        }
        if (servers_.size() >= max_servers) servers_.erase(servers_.begin());
        servers_.push_back({{std::string(request.url.scheme()), std::string(request.url.host_and_port())},
                            request.proxy,
                            std::move(space),
                            std::make_shared<const DigestKey>(std::move(*key))});
        return true;
    }

    std::vector<Server>::iterator find(const AuthRequest& request) {
        const origin_view origin(request.url.scheme(), request.url.host_and_port());
        return std::find_if(servers_.begin(), servers_.end(), [&](const Server& s) {
            return s.proxy == request.proxy && origin_equal{}(s.origin, origin);
        });
    }

    const DigestUser user_;
    std::string (*const cnonce_)();
    std::mutex mutex_;
    std::vector<Server> servers_;  // The one known for longest first.
};

}  // namespace ferry::detail
