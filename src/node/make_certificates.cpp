// Certificates: the administrator's, or a development authority's in the data folder.
#include "edge/development_ca.hpp"
#include "node/core.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <spdlog/spdlog.h>

namespace reveille::node {

std::string trouble_with(edge::TlsContext const& context, std::filesystem::path const& certificate) {
  auto const* shown = SSL_CTX_get0_certificate(context->native_handle());
  if (!shown || X509_cmp_current_time(X509_get0_notAfter(shown)) > 0) return {};
  return fmt::format("The certificate {} has expired: clients refuse it. Put a new one in its place, and send SIGHUP.",
                     certificate.string());
}

namespace {

void warn_of(edge::TlsContext const& context, std::filesystem::path const& certificate) {
  if (auto const trouble = trouble_with(context, certificate); !trouble.empty()) spdlog::warn("{}", trouble);
}

}  // namespace

Result<edge::TlsContext> Certificates::context(std::vector<std::string> alpn) {
  auto made = edge::make_server_tls({.certificate = certificate, .key = key, .alpn = alpn});
  if (made) shown.push_back({.context = *made, .alpn = std::move(alpn)});
  return made;
}

Result<void> Certificates::reload() {
  // All are made before any takes its place, so that a bad pair changes nothing. Made anew, since a context keeps a
  // certificate for each type of key, and would go on showing the old one where the new key is of another type.
  std::vector<edge::TlsContext> fresh;
  for (auto const& one : shown) {
    auto made = edge::make_server_tls({.certificate = certificate, .key = key, .alpn = one.alpn});
    if (!made) return std::unexpected(made.error());
    fresh.push_back(std::move(*made));
  }
  for (std::size_t i = 0; i < fresh.size(); ++i) *shown[i].context = std::move(*fresh[i]);
  warn_of(shown.front().context, certificate);
  return {};
}

Result<void> make_certificates(Core& core) {
  auto const& tls = core.settings.tls;
  auto& certificates = core.certificates;
  if (tls.certificate.empty()) {
    auto hosts = core.settings.policy.domains;
    if (auto const& host = core.settings.sip.public_host; !host.empty()) hosts.push_back(host);
    auto const made = edge::ensure_development_certificate(core.folder.path, hosts, core.clock.now());
    if (!made) return std::unexpected(made.error());
    certificates.certificate = made->certificate;
    certificates.key = made->key;
    certificates.ca = made->ca;
  } else {
    certificates.certificate = tls.certificate;
    certificates.key = tls.key;
  }
  if (!tls.ca.empty()) certificates.ca = tls.ca;
  auto const context = certificates.context({});
  if (!context) return std::unexpected(context.error());
  warn_of(*context, certificates.certificate);
  core.health.watch("certificate",
                    [context = *context, file = certificates.certificate] { return trouble_with(context, file); });
  return {};
}

}  // namespace reveille::node
