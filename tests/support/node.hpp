// Node's own http server with a keep-alive time of 1 s (by default 5 s, the classic case of closing on its clients).
#pragma once

#include "real_server.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ferry::testing {

struct NodeOptions {
    unsigned keep_alive_ms = 1000;
    unsigned max_requests = 0;  // for each connection; 0 is no limit
};

inline std::string node_program(std::uint16_t port, NodeOptions options) {
    return R"(
const server = require('http').createServer((request, response) => {
    const body = []
    request.on('data', piece => body.push(piece))
    request.on('end', () => {
        const text = Buffer.concat(body)
        switch (request.url) {
        case '/echo':      // with a length
            response.setHeader('X-Transfer-Encoding', request.headers['transfer-encoding'] || '')
            response.setHeader('Content-Length', text.length)
            response.end(text)
            break
        case '/chunked':   // without
            for (let i = 0; i < 100; ++i) response.write('x'.repeat(1000))
            response.addTrailers({'X-Count': '100'})
            response.end()
            break
        case '/silent':    // says nothing of its keep-alive time
            response.setHeader('Connection', 'keep-alive')
            response.end('silent')
            break
        case '/hints':
            response.writeEarlyHints({link: '</style.css>; rel=preload'})
            response.end('final')
            break
        case '/broken':
            response.setHeader('Content-Length', 1000)
            response.write('half', () => request.socket.destroy())
            break
        default:
            response.end('hello from node')
        }
    })
})
server.keepAliveTimeout = )" +
           std::to_string(options.keep_alive_ms) +
           "\nserver.maxRequestsPerSocket = " + std::to_string(options.max_requests) + "\nserver.listen(" +
           std::to_string(port) + ", '127.0.0.1')\n";
}

class Node : public RealServer {
public:
    explicit Node(NodeOptions options = {})
        : RealServer([options](const TempFolder& folder, std::uint16_t port) {
              auto program = folder.write("server.js", node_program(port, options));
              return std::vector{*find_program("node"), program.string()};
          }) {}
};

}  // namespace ferry::testing
