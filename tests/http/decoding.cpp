// Which codings are undone, and in which order.

#include "coded.hpp"

#include <ferry/http/decode.hpp>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using namespace ferry::testing;

namespace {

/// What is said to fields: the error, or whether there is something to undo.
struct Made {
    std::error_code ec;
    bool undoes = false;
    bool operator==(const Made&) const = default;
    friend std::ostream& operator<<(std::ostream& os, const Made& m) { return os << m.ec << ' ' << m.undoes; }
};
Made made(const Headers& fields) {
    std::unique_ptr<detail::body_decoder> decoder;
    const auto ec = detail::make_decoder(fields, decoder);
    return {ec, decoder != nullptr};
}
Made made_for(std::string_view list) { return made({{"Content-Encoding", list}}); }

const Made nothing{}, something{{}, true}, too_many{errc::too_many_content_codings};

/// The names of what this build decodes, each with the small text under it.
struct Coded {
    std::string name, bytes;
};
std::vector<Coded> all_coded() {
    std::vector<Coded> all;
#if FERRY_HAS_ZLIB
    all.push_back({"gzip", zlib_coded(small_text)});
    all.push_back({"deflate", zlib_coded(small_text, MAX_WBITS)});
#endif
#if FERRY_HAS_BROTLI
    all.push_back({"br", brotli_small_text});
#endif
#if FERRY_HAS_ZSTD
    all.push_back({"zstd", zstd_coded(small_text)});
#endif
    return all;
}

/// Puts another coding over what is coded.
std::vector<Coded> all_over([[maybe_unused]] const Coded& inner) {
    std::vector<Coded> all;
#if FERRY_HAS_ZLIB
    all.push_back({inner.name + ", gzip", zlib_coded(inner.bytes)});
    all.push_back({inner.name + ", deflate", zlib_coded(inner.bytes, -MAX_WBITS)});
#endif
#if FERRY_HAS_ZSTD
    all.push_back({inner.name + ",zstd", zstd_coded(inner.bytes)});
#endif
    return all;
}

}  // namespace

TEST_CASE("what is accepted is what is built in, and all of it is undone", "[decode][I1][D6]") {
    std::string names;
    for (const auto& coded : all_coded()) {
        names += (names.empty() ? "" : ", ") + coded.name;
        CHECK(decoded(coded.name, coded.bytes) == whole(small_text));
        CHECK(decoded(coded.name, "") == whole(""));
    }
    CHECK(detail::accept_encoding() == names);
    static_assert(detail::accept_encoding().empty() == !(FERRY_HAS_ZLIB || FERRY_HAS_BROTLI || FERRY_HAS_ZSTD));
}

TEST_CASE("without a coding there is nothing to undo", "[decode][I1]") {
    CHECK(made({}) == nothing);
    CHECK(made({{"Content-Type", "gzip"}}) == nothing);
    for (auto list : {"", " ", ",", ", ,", "identity", "Identity, IDENTITY"}) CHECK(made_for(list) == nothing);
}

TEST_CASE("a body under a coding that is not known is passed on as it came", "[decode][I1]") {
    for (auto list : {"compress", "gzipped", "g zip", "gzip;q=1", "\"gzip\"", "*", "br2", "zst"})
        CHECK(made_for(list) == nothing);
    for (const auto& coded : all_coded()) {
        CHECK(made_for("sdch, " + coded.name) == nothing);
        CHECK(made_for(coded.name + ", sdch") == nothing);
        CHECK(made_for(coded.name) == something);
    }
    CHECK(made_for("a, b, c, d, e, f, g, h") == nothing);
#if !FERRY_HAS_ZLIB
    for (auto list : {"gzip", "x-gzip", "deflate"}) CHECK(made_for(list) == nothing);
#endif
#if !FERRY_HAS_BROTLI
    CHECK(made_for("br") == nothing);
#endif
#if !FERRY_HAS_ZSTD
    CHECK(made_for("zstd") == nothing);
#endif
}

TEST_CASE("codings are undone in reverse", "[decode][I1]") {
    for (const auto& inner : all_coded()) {
        for (const auto& outer : all_over(inner)) {
            INFO(outer.name);
            for (const std::size_t piece : {1u, 3u, 4096u})
                for (const std::size_t room : {1u, 3u, 4096u})
                    CHECK(decoded(outer.name, outer.bytes, piece, room) == whole(small_text));
            check_truncations(outer.name, outer.bytes);
            for (const auto& outermost : all_over(outer))
                CHECK(decoded(outermost.name, outermost.bytes) == whole(small_text));
        }
    }
}

#if FERRY_HAS_ZLIB

TEST_CASE("a body that one coding makes of more than a buffer passes through the next", "[decode][I1]") {
    std::string text;
    for (int i = 0; i < 40'000; ++i) text += std::to_string(i * 7919LL % 100'003);
    const auto twice = zlib_coded(zlib_coded(text, MAX_WBITS, 0));  // level 0: as long as the text
    CHECK(decoded("deflate, gzip", twice) == whole(text));
    CHECK(decoded("deflate, gzip", twice, 100'000, 100'000) == whole(text));
}

TEST_CASE("names are compared without case; several fields are one list; what is no coding is left out",
          "[decode][I1]") {
    const auto once = zlib_coded(small_text), twice = zlib_coded(zlib_coded(small_text, MAX_WBITS));
    for (auto list : {"gzip", "GZip", "x-gzip", "X-GZIP", ", gzip ,", "identity, gzip", "gzip,identity", "\tgzip\t"})
        CHECK(decoded(list, once) == whole(small_text));
    CHECK(decoded("deflate,,identity ,\tgzip", twice) == whole(small_text));

    std::unique_ptr<detail::body_decoder> decoder;
    CHECK_FALSE(detail::make_decoder(
        {{"content-encoding", "deflate"}, {"Vary", "br"}, {"Content-encoding", ""}, {"CONTENT-ENCODING", "gzip"}},
        decoder));
    std::string text;
    REQUIRE(decoder);
    CHECK_FALSE(detail::decode_all(*decoder, twice, text, 1000));
    CHECK(text == small_text);
}

TEST_CASE("five codings are undone, six are refused", "[decode][I1]") {
    auto coded = small_text;
    for (int i = 0; i < 5; ++i) coded = zlib_coded(coded);
    CHECK(decoded("gzip, gzip, gzip, gzip, gzip", coded) == whole(small_text));
    CHECK(decoded("gzip, gzip, gzip, identity, gzip,, gzip", coded, 1, 1) == whole(small_text));
    CHECK(made_for("gzip, gzip, gzip, gzip, gzip, gzip") == too_many);
    CHECK(made({{"Content-Encoding", "gzip,gzip,gzip"}, {"Content-Encoding", "deflate,gzip,gzip"}}) == too_many);
    std::string endless;
    while (endless.size() < 60'000) endless += "gzip,";
    CHECK(made_for(endless) == too_many);
}

TEST_CASE("an error stays, and comes after what was decoded before it", "[decode][I2]") {
    auto coded = zlib_coded(small_text);
    coded[coded.size() - 5] ^= 1;  // of the checksum
    for (const std::size_t room : {1u, 7u, 4096u}) {
        const auto d = decoded("gzip", coded, 4096, room);
        CHECK(d.ec == errc::invalid_content_coding);
        CHECK(d.body == small_text);
    }
    const auto decoder = decoder_for("gzip");
    std::string out(4096, '\0');
    std::string_view in = coded, more = "more";
    std::size_t n = 0;
    CHECK_FALSE(decoder->decode(in, out, n));
    CHECK(n == small_text.size());
    CHECK(decoder->finish() == errc::invalid_content_coding);
    for (int i = 0; i < 2; ++i) {
        CHECK(decoder->decode(more, out, n) == errc::invalid_content_coding);
        CHECK(n == 0);
    }
    CHECK(decoder->finish() == errc::invalid_content_coding);
}

TEST_CASE("the error of one coding in a list ends them all", "[decode][I2]") {
    auto inner = zlib_coded(small_text);
    inner[inner.size() - 5] ^= 1;
    const auto d = decoded("gzip, deflate", zlib_coded(inner, MAX_WBITS));
    CHECK(d.ec == errc::invalid_content_coding);
    CHECK(d.body == small_text);
    CHECK(decoded("gzip, deflate", zlib_coded("not gzip", MAX_WBITS)).ec == errc::invalid_content_coding);
    CHECK(decoded("gzip, deflate", zlib_coded("", MAX_WBITS)) == whole(""));
}

#endif
