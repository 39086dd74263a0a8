// The arithmetic of Digest authentication (RFC 7616): which challenge can be answered, and the answer. No state; that
// is in digest_scheme.hpp.
#pragma once

#include <ferry/challenge.hpp>
#include <ferry/hash.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::detail {

/// A challenge of the scheme Digest that can be answered.
struct DigestChallenge {
    Hash hash = Hash::md5;
    bool session = false;        // An algorithm whose name ends in -sess.
    bool counted = false;        // qop=auth; without it, the form of RFC 2069.
    bool userhash = false;       // The user's name goes out hashed.
    bool utf8 = false;           // The server reads names and passwords as UTF-8.
    bool stale = false;          // Only the nonce was refused, not the password.
    std::string algorithm = {};  // As the server wrote it; empty when it named none, which is MD5.
    std::string realm = {};
    std::string nonce = {};
    std::optional<std::string> opaque = {};
    std::string domain = {};
};

/// Reads the name of an algorithm; false when it is not one of ours.
inline bool read_algorithm(std::string_view name, DigestChallenge& to) {
    constexpr std::string_view suffix = "-sess";
    to.algorithm = name;
    if (name.size() > suffix.size() && equal_ignoring_case(name.substr(name.size() - suffix.size()), suffix)) {
        to.session = true;
        name.remove_suffix(suffix.size());
    }
    if (equal_ignoring_case(name, "MD5")) to.hash = Hash::md5;
    else if (equal_ignoring_case(name, "SHA-256")) to.hash = Hash::sha256;
    else if (equal_ignoring_case(name, "SHA-512-256")) to.hash = Hash::sha512_256;
    else return false;
    return true;
}

/// Reads the protections on offer: `auth` is taken, none at all is RFC 2069, and anything else cannot be answered.
inline bool read_qop(std::string_view offered, DigestChallenge& to) {
    bool any = false;
    while (!offered.empty()) {
        const auto one = next_element(offered);
        any = any || !one.empty();
        to.counted = to.counted || equal_ignoring_case(one, "auth");
    }
    return to.counted || !any;
}

/// The challenge if it is one that can be answered. What cannot be echoed in a field cannot.
inline std::optional<DigestChallenge> read_digest(const Challenge& from) {
    const auto realm = from.find("realm"), nonce = from.find("nonce"), opaque = from.find("opaque");
    if (!from.is("Digest") || !realm || !nonce || nonce->empty()) return std::nullopt;
    if (!is_field_value(*realm) || !is_field_value(*nonce) || !is_field_value(opaque.value_or(""))) return std::nullopt;
    const auto says = [&](std::string_view name, std::string_view value) {
        return equal_ignoring_case(from.find(name).value_or(""), value);
    };
    DigestChallenge to;
    to.realm = *realm;
    to.nonce = *nonce;
    if (opaque) to.opaque = *opaque;
    to.domain = from.find("domain").value_or("");
    to.userhash = says("userhash", "true");
    to.utf8 = says("charset", "utf-8");
    to.stale = says("stale", "true");
    if (const auto name = from.find("algorithm"); name && !read_algorithm(*name, to)) return std::nullopt;
    if (!read_qop(from.find("qop").value_or(""), to)) return std::nullopt;
    if (to.session && !to.counted) return std::nullopt;  // Its key needs a cnonce, which RFC 2069 does not send.
    return to;
}

/// Of the challenges the one with the strongest hash that this build has, the first of equals.
inline std::optional<DigestChallenge> strongest_digest(const std::vector<Challenge>& challenges) {
    std::optional<DigestChallenge> best;
    for (const auto& c : challenges) {
        auto next = read_digest(c);
        if (next && (!best || next->hash > best->hash) && !hex_hash(next->hash, "").empty()) best = std::move(next);
    }
    return best;
}

struct DigestUser {
    std::string name, password;
};

/// All that the answers with one nonce have in common, worked out once.
struct DigestKey {
    DigestChallenge challenge;
    std::string cnonce;    // One for the nonce's life: with -sess it is part of the key.
    std::string username;  // The parameters that name the user.
    std::string secret;    // H(A1)
};

/// Appends `, name="value"`, with a backslash before quotes and backslashes (RFC 9110 5.6.4).
inline void append_quoted(std::string& out, std::string_view name, std::string_view value) {
    out.append(", ").append(name).append("=\"");
    for (const char c : value) {
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    out.push_back('"');
}

/// The parameters that name the user (RFC 7616 3.4): hashed if the server knows how to find it then. A name outside
/// of ASCII has its own notation (RFC 8187), but only for servers that say that they read UTF-8: older ones know
/// nothing of it and take the bytes as they are.
inline std::string digest_username(const DigestChallenge& c, std::string_view user) {
    std::string out;
    if (c.userhash) {
        append_quoted(out, "username", hex_hash(c.hash, std::string(user).append(":").append(c.realm)));
        return out.append(", userhash=true");
    }
    const auto outside = [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; };
    bool ascii = true;
    for (const char byte : user) ascii = ascii && !outside(byte);
    if (ascii || !c.utf8) {
        append_quoted(out, "username", user);
        return out;
    }
    out.append(", username*=UTF-8''");
    percent_encode(out, user, CharSet::unreserved);
    return out;
}

/// The key for a challenge; nothing if a hash fails.
inline std::optional<DigestKey> make_digest_key(DigestChallenge challenge, const DigestUser& user, std::string cnonce) {
    DigestKey key{std::move(challenge), std::move(cnonce), {}, {}};
    const auto& c = key.challenge;
    key.username = digest_username(c, user.name);
    key.secret = hex_hash(c.hash, user.name + ":" + c.realm + ":" + user.password);
    if (c.session) key.secret = hex_hash(c.hash, key.secret + ":" + c.nonce + ":" + key.cnonce);
    if (key.secret.empty() || key.cnonce.empty()) return std::nullopt;
    return key;
}

/// The count of uses of a nonce as it is sent: eight hexadecimal digits.
inline std::string digest_count(std::uint32_t count) {
    const unsigned char bytes[] = {static_cast<unsigned char>(count >> 24), static_cast<unsigned char>(count >> 16),
                                   static_cast<unsigned char>(count >> 8), static_cast<unsigned char>(count)};
    return hex(bytes);
}

/// The value of the Authorization field (RFC 7616 3.4) of a request with this method and target, the `count`th with the
/// key's nonce.
inline std::string digest_field(const DigestKey& key, std::string_view method, std::string_view target,
                                std::uint32_t count) {
    const auto& c = key.challenge;
    const std::string nc = digest_count(count);
    const std::string request = hex_hash(c.hash, std::string(method).append(":").append(target));
    const std::string counted = c.counted ? nc + ":" + key.cnonce + ":auth:" : std::string();
    const std::string response = hex_hash(c.hash, key.secret + ":" + c.nonce + ":" + counted + request);

    std::string out = "Digest " + key.username.substr(2);  // Without the comma that divides it from what is before.
    append_quoted(out, "realm", c.realm);
    append_quoted(out, "nonce", c.nonce);
    append_quoted(out, "uri", target);
    append_quoted(out, "response", response);
    if (!c.algorithm.empty()) out.append(", algorithm=").append(c.algorithm);
    if (c.counted) {
        out.append(", qop=auth, nc=").append(nc);
        append_quoted(out, "cnonce", key.cnonce);
    }
    if (c.opaque) append_quoted(out, "opaque", *c.opaque);
    return out;
}

}  // namespace ferry::detail
