#include "edge/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace reveille::edge {
namespace {

namespace ssl = boost::asio::ssl;

// RFC 7301 §3.1: each name behind its length.
std::string protocol_list(std::vector<std::string> const& names) {
  std::string out;
  for (auto const& name : names) {
    out.push_back(static_cast<char>(name.size()));
    out += name;
  }
  return out;
}

// RFC 7301 §3.2: the server's order decides; no protocol in common is a fatal no_application_protocol alert.
int choose_protocol(SSL*, unsigned char const** out, unsigned char* out_size, unsigned char const* offered,
                    unsigned offered_size, void* ours) {
  auto const* names = static_cast<std::string const*>(ours);
  unsigned char* chosen = nullptr;
  int const result = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<unsigned char const*>(names->data()),
                                           static_cast<unsigned>(names->size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

TlsContext new_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

// The list that the ALPN callback reads lives exactly as long as the context: OpenSSL frees it with the context.
std::string const* kept_with(SSL_CTX* context, std::string list) {
  static int const index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(kept); });
  auto* kept = new std::string(std::move(list));
  SSL_CTX_set_ex_data(context, index, kept);
  return kept;
}

std::unexpected<Error> wrong_file(std::string_view what, std::filesystem::path const& file,
                                  boost::system::error_code const& error) {
  return failure(ErrorCode::configuration,
                 std::string{what} + " '" + file.string() + "' cannot be used: " + error.message());
}

// OpenSSL would ask for a passphrase on the terminal, and everything would wait for somebody to type it.
Result<void> use_key(ssl::context& context, std::filesystem::path const& file) {
  SSL_CTX* native = context.native_handle();
  bool is_encrypted = false;
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
  });
  SSL_CTX_set_default_passwd_cb_userdata(native, &is_encrypted);
  boost::system::error_code error;
  context.use_private_key_file(file.string(), ssl::context::pem, error);
  SSL_CTX_set_default_passwd_cb(native, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(native, nullptr);
  if (!error) return {};
  if (!is_encrypted) return wrong_file("the private key", file, error);
  return failure(ErrorCode::configuration, "the private key '" + file.string() +
                                               "' is encrypted, and nobody is there to give its passphrase: store it "
                                               "without one, readable for this user alone");
}

}  // namespace

Result<TlsContext> make_server_tls(ServerTls const& settings) {
  auto context = new_context(ssl::context::tls_server);
  boost::system::error_code error;
  context->use_certificate_chain_file(settings.certificate.string(), error);
  if (error) return wrong_file("the certificate", settings.certificate, error);
  if (auto used = use_key(*context, settings.key); !used) return std::unexpected(used.error());
  SSL_CTX* native = context->native_handle();
  // A key of another type lies beside the certificate, and OpenSSL takes it without a word.
  if (SSL_CTX_check_private_key(native) != 1) {
    return failure(ErrorCode::configuration, "the private key '" + settings.key.string() +
                                                 "' is not of the certificate '" + settings.certificate.string() +
                                                 "': give the two that belong together");
  }
  if (settings.client_ca) {
    context->load_verify_file(settings.client_ca->string(), error);
    if (error) return wrong_file("the client authority", *settings.client_ca, error);
    context->set_verify_mode(ssl::verify_peer);
  }
  SSL_CTX_set_session_id_context(native, reinterpret_cast<unsigned char const*>("reveille"), 8);
  if (!settings.alpn.empty()) {
    auto const* list = kept_with(native, protocol_list(settings.alpn));
    SSL_CTX_set_alpn_select_cb(native, choose_protocol, const_cast<std::string*>(list));
  }
  return context;
}

Result<TlsContext> make_client_tls(ClientTls const& settings) {
  auto context = new_context(ssl::context::tls_client);
  boost::system::error_code error;
  if (settings.ca_file) {
    context->load_verify_file(settings.ca_file->string(), error);
    if (error) return wrong_file("the authority", *settings.ca_file, error);
  } else {
    context->set_default_verify_paths(error);
    if (error) return failure(ErrorCode::configuration, "the system's certificate store cannot be read");
  }
  context->set_verify_mode(ssl::verify_peer);
  if (!settings.alpn.empty()) {
    std::string const list = protocol_list(settings.alpn);
    SSL_CTX_set_alpn_protos(context->native_handle(), reinterpret_cast<unsigned char const*>(list.data()),
                            static_cast<unsigned>(list.size()));
  }
  return context;
}

bool expect_host(SSL* connection, std::string const& host) {
  if (host.empty()) return false;
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  if (!error) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()) == 1;
  // RFC 9525 §6.3: a wildcard stands for one whole label, never for a part of one.
  SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return SSL_set1_host(connection, host.c_str()) == 1 && SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
}

std::string alpn_of(SSL const* connection) {
  unsigned char const* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(connection, &name, &size);
  return {reinterpret_cast<char const*>(name), size};
}

}  // namespace reveille::edge
