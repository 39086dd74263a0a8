// Bodies under content codings, from the wire to the caller: whole, by pieces, by lines, into files.

#include "coded.hpp"
#include "loopback.hpp"
#include "temp_folder.hpp"

#include <string>
#include <string_view>
#include <vector>

using ferry::errc;

namespace {

struct CodedBody {
    std::string coding, bytes, text;
};

std::string hex_chunk(std::string_view data) {
    char size[20];
    return std::string(size, static_cast<std::size_t>(std::snprintf(size, sizeof size, "%zx\r\n", data.size()))) +
           std::string(data) + "\r\n";
}

std::string coding_line(const CodedBody& c) { return "Content-Encoding: " + c.coding + "\r\n"; }

// The response in each framing; in chunks that cut it anywhere.
std::string coded_reply(const CodedBody& c, std::string_view framing) {
    if (framing == "length") return ok(c.bytes, coding_line(c));
    if (framing == "until close") return head(coding_line(c)) + c.bytes;
    auto all = head(coding_line(c) + "Transfer-Encoding: chunked\r\n");
    for (std::size_t at = 0, n = 1; at < c.bytes.size(); at += n, n = n * 3 % 4093 + 1)
        all += hex_chunk(std::string_view(c.bytes).substr(at, n));
    return all + "0\r\n\r\n";
}

std::vector<CodedBody> small_coded_bodies() {
    auto twice = zstd_coded(zlib_coded(small_text));
    return {{"gzip", zlib_coded(small_text), small_text},
            {"X-GZip", zlib_coded(small_text), small_text},
            {"deflate", zlib_coded(small_text, 15), small_text},
            {"deflate", zlib_coded(small_text, -15), small_text},
            {"br", brotli_small_text, small_text},
            {"zstd", zstd_coded(small_text), small_text},
            {"gzip", zlib_coded(small_text) + zlib_coded(small_text), small_text + small_text},
            {"gzip, zstd", twice, small_text},
            {"identity, gzip", zlib_coded(small_text), small_text}};
}

CodedBody large_coded_body() {
    std::string text;
    for (int i = 0; i < 60'000; ++i) text += std::to_string(i * 7919 % 100'003) + (i % 9 ? " " : "\n");
    return {"gzip", zlib_coded(text), text};
}

}  // namespace

TEST_CASE("a coded body arrives decoded, whatever its coding and framing", "[session][I1][D6]") {
    auto framing = GENERATE("length", "chunked", "until close");
    for (auto& body : small_coded_bodies()) {
        INFO(body.coding << ", " << framing);
        const bool kept = framing != std::string_view("until close");
        Server server;
        auto& script = server.accept().answers(coded_reply(body, framing));
        kept ? script.answers(ok("next")) : script.closes();
        Session session;
        auto r = session.get(server.url());
        CHECK(r.body == body.text);
        CHECK(r.headers["content-encoding"] == body.coding);
        if (kept) CHECK(session.get(server.url()).connection.reused);
        CHECK(server.request().field("Accept-Encoding") == "gzip, deflate, br, zstd");
        CHECK(server.request().count("Accept-Encoding") == 1);
    }
}

TEST_CASE("a large coded body is decoded in each way of taking it", "[session][I1]") {
    const auto body = large_coded_body();
    auto framing = GENERATE("length", "chunked", "until close");
    TempFolder folder;
    Server server;
    auto& script = server.accept().answers(coded_reply(body, framing));
    if (framing == std::string_view("until close")) script.closes();
    Session session;
    std::string all;
    SECTION("whole") { all = session.get(server.url()).body; }
    SECTION("by pieces") {
        auto stream = session.stream(server.url());
        for (std::string_view piece : stream) all += piece;
    }
    SECTION("into small memory") {
        auto stream = session.stream(server.url());
        char memory[7];
        for (std::size_t n; (n = stream.read_some(memory)) > 0;) all.append(memory, n);
        CHECK(stream.read_some(memory) == 0);
    }
    SECTION("the rest of it") {
        auto stream = session.stream(server.url());
        char memory[3];
        auto n = stream.read_some(memory);
        all = std::string(memory, n) + stream.read();
    }
    SECTION("by lines") {
        auto stream = session.stream(server.url());
        for (std::string_view line : stream.lines()) all.append(line) += '\n';
        all.resize(body.text.size());  // the last line has no end
    }
    SECTION("into a file") {
        session.download(server.url(), folder / "file");
        all = folder.read("file");
    }
    CHECK((all == body.text));
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().idle == (framing == std::string_view("until close") ? 0 : 1));
}

TEST_CASE("a coded body may come byte by byte", "[session][I1]") {
    for (auto& body : small_coded_bodies()) {
        Server server;
        server.accept()
            .reads_request()
            .sends(head(coding_line(body) + "Transfer-Encoding: chunked\r\n"))
            .sends_bytewise(
                coded_reply(body, "chunked").substr(head(coding_line(body) + "Transfer-Encoding: chunked\r\n").size()));
        Session session;
        auto stream = session.stream(server.url());
        std::string all;
        for (std::string_view piece : stream) {
            CHECK_FALSE(piece.empty());
            all += piece;
        }
        CHECK(all == body.text);
    }
}

TEST_CASE("a piece of a coded stream is there before the next one is sent", "[session][I1][stream]") {
    // Two members of gzip: the first is whole when it has come.
    Server server;
    auto first = zlib_coded("first\nhalf of "), second = zlib_coded("second\n");
    auto& script = server.accept().answers(head("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") +
                                           hex_chunk(first));
    Session session;
    auto stream = session.stream(server.url());
    auto lines = stream.lines();
    auto line = lines.begin();
    CHECK(*line == "first");
    script.sends(hex_chunk(second) + "0\r\n\r\n");
    CHECK(*++line == "half of second");
    CHECK(++line == lines.end());
    CHECK(session.stats().idle == 1);
}

TEST_CASE("what has no body is not decoded", "[session][I2]") {
    auto [method, bytes] = GENERATE(table<std::string, std::string>({
        {"HEAD", head("Content-Encoding: gzip\r\nContent-Length: 100\r\n")},
        {"GET", head("Content-Encoding: gzip\r\n", "204 No Content")},
        {"GET", head("Content-Encoding: gzip\r\nETag: \"1\"\r\n", "304 Not Modified")},
        {"GET", ok("", "Content-Encoding: gzip\r\n")},
        {"GET", head("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
    }));
    Server server;
    server.accept().answers(bytes).answers(bytes).answers(ok("next"));
    Session session;
    CHECK(session.request(method, server.url()).body.empty());
    {
        auto stream = session.stream(method, server.url(), {});
        CHECK(stream.next().empty());
    }
    CHECK(session.get(server.url()).body == "next");
    CHECK(server.connections() == 1);
}

TEST_CASE("a coded body that ends too early is an error, and says what came", "[session][I2][C7]") {
    auto body = large_coded_body();
    auto framing = GENERATE("length", "chunked", "until close");
    auto cut = GENERATE_COPY(body.bytes.size() / 2, body.bytes.size() - 1);
    auto part = body;
    part.bytes.resize(cut);
    Server server;
    server.accept().answers(coded_reply(part, framing)).closes();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == errc::truncated_content_coding);
    CHECK(error.phase() == ferry::Phase::body);
    REQUIRE(error.partial());
    auto came = error.partial()->body;
    CHECK((came.size() > 1000 && body.text.starts_with(came)));
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a coded body whose framing breaks off is incomplete", "[session][I2][C7]") {
    auto body = small_coded_bodies()[0];
    Server server;
    server.accept().answers(head(coding_line(body) + "Content-Length: 500\r\n") + body.bytes.substr(0, 20)).closes();
    Session session;
    CHECK(error_of([&] { session.get(server.url()); }).code() == errc::incomplete_body);
    check_that_it_lives(session, server);
}

TEST_CASE("a body that is not in the coding it claims is an error, in each way of taking it", "[session][I2]") {
    auto coding = GENERATE("gzip", "br", "zstd", "deflate");
    auto lie = ok(std::string(300, '\xfe'), "Content-Encoding: " + std::string(coding) + "\r\n");
    TempFolder folder;
    Server server;
    server.accept().answers(lie).ignores_the_rest();
    Session session;
    std::error_code ec;
    SECTION("whole") {
        ec = error_of([&] { session.get(server.url()); }).code();
    }
    SECTION("by pieces") {
        auto stream = session.stream(server.url());
        ec = error_of([&] { stream.next(); }).code();
        CHECK(error_of([&] { stream.next(); }).code() == ec);
    }
    SECTION("into memory") {
        auto stream = session.stream(server.url());
        char memory[7];
        CHECK(stream.read_some(memory, ec) == 0);
    }
    SECTION("into a file") {
        ec = error_of([&] { session.download(server.url(), folder / "file"); }).code();
        CHECK(folder.files() == 0);
    }
    CHECK(ec == errc::invalid_content_coding);
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("more codings than anybody needs are refused", "[session][I1]") {
    Server server;
    server.accept()
        .answers(ok("x", "Content-Encoding: gzip, gzip, gzip\r\nContent-Encoding: gzip, gzip, gzip\r\n"))
        .ignores_the_rest();
    Session session;
    CHECK(error_of([&] { session.get(server.url()); }).code() == errc::too_many_content_codings);
    check_that_it_lives(session, server);
}
