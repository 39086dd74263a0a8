// Which hosts are asked without a proxy: the list in the variable no_proxy (SEMANTICS H4).
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// Exceptions from a proxy. A value that never changes can be read by all threads.
///
/// Entries are divided by commas and white space; the case of letters and a dot at the end do not count:
///
/// - `*`: every host.
/// - `example.com`, and with the same meaning `.example.com`: this name and those below it (as for curl and Python).
///   `*.example.com`: only those below it.
/// - `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`: this address, in whichever way the URL writes it.
/// - `192.0.2.0/24`, `2001:db8::/32`: addresses of this network. Names are not resolved to find out.
/// - Any but a network with `:port` behind it (an IPv6 address then in brackets): for this port only.
///
/// What is none of these covers nothing. `localhost` is a name like others.
class NoProxy {
public:
    NoProxy() = default;

    /// Reads such a list. There are no faults: an entry that means nothing is passed over.
    static NoProxy parse(std::string_view list) {
        constexpr std::string_view separators = ", \t\r\n";
        NoProxy all;
        for (;;) {
            const auto begin = std::min(list.find_first_not_of(separators), list.size());
            list.remove_prefix(begin);
            if (list.empty()) return all;
            const auto text = list.substr(0, list.find_first_of(separators));
            if (auto entry = read(text)) all.entries_.push_back(std::move(*entry));
            list.remove_prefix(text.size());
        }
    }

    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }

    /// The first entry that covers a URL, as it stands in the list; nothing when it goes through the proxy.
    std::optional<std::string_view> find(const Url& url) const& {
        if (entries_.empty()) return std::nullopt;
        auto name = url.host();
        if (name.ends_with('.')) name.remove_suffix(1);
        const auto address = detail::parse_host_address(name);
        const auto wide = address ? widen(*address) : Bytes{};
        for (auto& e : entries_) {
            if (e.port != 0 && e.port != url.port()) continue;
            if (e.what == Entry::Kind::any || (address ? e.holds(wide) : e.names(name))) return e.text;
        }
        return std::nullopt;
    }
    std::optional<std::string_view> find(const Url&) const&& = delete;

private:
    using Bytes = std::array<unsigned char, 16>;

    struct Entry {
        enum class Kind : std::uint8_t { any, name, below, network } what = Kind::any;
        std::uint16_t port = 0;  // 0: any
        std::string text = {};
        std::string host = {};  // name, below: in lower case, no dot at either end
        Bytes address{};        // network: `bits` of it count
        std::size_t bits = 0;

        bool names(std::string_view of) const noexcept {
            if (what == Kind::name && of == host) return true;
            return (what == Kind::name || what == Kind::below) && of.size() > host.size() && of.ends_with(host) &&
                   of[of.size() - host.size() - 1] == '.';
        }
        bool holds(const Bytes& of) const noexcept {
            if (what != Kind::network || (bits < mapped_bits && is_mapped(of))) return false;
            const auto whole = static_cast<std::ptrdiff_t>(bits / 8);
            if (!std::equal(of.begin(), of.begin() + whole, address.begin())) return false;
            const auto at = bits / 8;
            return bits % 8 == 0 || (of[at] ^ address[at]) >> (8 - bits % 8) == 0;
        }
    };

    /// An IPv4 address lies here in IPv6, where some write it (RFC 4291 2.5.5.2).
    static constexpr std::size_t mapped_bits = 96;

    static bool is_mapped(const Bytes& b) noexcept {
        constexpr Bytes prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        return std::equal(b.begin(), b.begin() + 12, prefix.begin());
    }
    static Bytes widen(const Endpoint& e) noexcept {
        if (e.v6) return e.address;
        Bytes b{};
        b[10] = b[11] = 0xff;
        std::copy_n(e.address.begin(), 4, b.begin() + 12);
        return b;
    }

    static std::optional<Entry> read(std::string_view text) {
        Entry e;
        e.text = text;
        if (const auto slash = text.find('/'); slash != text.npos) {
            std::uint64_t bits = 0;
            if (!detail::parse_decimal(text.substr(slash + 1), bits)) return std::nullopt;
            return read_network(e, text.substr(0, slash), bits) ? std::optional(std::move(e)) : std::nullopt;
        }
        if (!detail::take_port(text, e.port)) return std::nullopt;
        if (text == "*") return e;
        if (read_network(e, text, std::nullopt) || read_name(e, text)) return e;
        return std::nullopt;
    }

    /// `bits` as given, or all of them.
    static bool read_network(Entry& e, std::string_view text, std::optional<std::uint64_t> bits) {
        if (!text.starts_with('[')) text = text.substr(0, text.find('%'));
        const auto address = detail::parse_host_address(text);
        const std::size_t most = address && address->v6 ? 128 : 32;
        if (!address || bits.value_or(most) > most) return false;
        e.what = Entry::Kind::network;
        e.address = widen(*address);
        e.bits = static_cast<std::size_t>(bits.value_or(most)) + (address->v6 ? 0 : mapped_bits);
        return true;
    }

    static bool read_name(Entry& e, std::string_view text) {
        const bool below = text.starts_with("*.");
        text.remove_prefix(below ? 2 : text.starts_with('.') ? 1 : 0);
        if (text.ends_with('.')) text.remove_suffix(1);
        e.what = below ? Entry::Kind::below : Entry::Kind::name;
        for (const char c : text) e.host.push_back(detail::to_lower(c));
        return !text.empty();
    }

    std::vector<Entry> entries_;
};

}  // namespace ferry
