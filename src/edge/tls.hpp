// TLS contexts: what a listener shows and what a connection demands.
//
// TLS 1.2 or newer. A client always verifies the chain and the name or address that it dialled; there is no switch to
// turn that off. Idle connections give their buffers back (SSL_MODE_RELEASE_BUFFERS).
// Lifetime: a context is shared by the connections made from it. Threads: any, once made.
// Errors: configuration, with a sentence that says which file is wrong.
// Sources: RFC 8446, RFC 7301 (ALPN), RFC 9525 (names in certificates).
#pragma once

#include "base/result.hpp"

#include <boost/asio/ssl/context.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reveille::edge {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

struct ServerTls {
  std::filesystem::path certificate = {};          // PEM, the chain from the server's own certificate upwards
  std::filesystem::path key = {};                  // PEM
  std::vector<std::string> alpn = {};              // most wanted first; empty: no ALPN
  std::optional<std::filesystem::path> client_ca;  // if set, a client may show a certificate, which must verify
};
[[nodiscard]] Result<TlsContext> make_server_tls(ServerTls const& settings);

struct ClientTls {
  std::optional<std::filesystem::path> ca_file = {};  // PEM; without it the system's store decides
  std::vector<std::string> alpn = {};
};
[[nodiscard]] Result<TlsContext> make_client_tls(ClientTls const& settings);

// Makes the handshake on `connection` (an SSL*) demand a certificate for `host`, a DNS name or an IP address, and say
// the name in SNI. False when the host cannot be a name.
[[nodiscard]] bool expect_host(SSL* connection, std::string const& host);

// What ALPN chose; empty when it chose nothing.
[[nodiscard]] std::string alpn_of(SSL const* connection);

}  // namespace reveille::edge
