#include "edge/development_ca.hpp"

#include <boost/asio/ip/address.hpp>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>

namespace reveille::edge {
namespace {

namespace fs = std::filesystem;

constexpr auto ca_lifetime = std::chrono::years{10};
// Apple's systems refuse server certificates that are valid for more than 825 days.
constexpr auto server_lifetime = std::chrono::days{820};
constexpr auto renew_before = std::chrono::days{1};
constexpr auto clock_tolerance = std::chrono::hours{1};

template <auto free>
struct Free {
  void operator()(auto* object) const { free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

struct Pair {
  Certificate certificate = {};
  Key key = {};
};

Bio reading(fs::path const& file) {
  return Bio{BIO_new_file(file.c_str(), "r")};
}

std::optional<Pair> load(fs::path const& certificate_file, fs::path const& key_file) {
  Bio const certificate = reading(certificate_file);
  Bio const key = reading(key_file);
  if (!certificate || !key) return std::nullopt;
  Pair pair{.certificate = Certificate{PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr)},
            .key = Key{PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr)}};
  if (!pair.certificate || !pair.key) return std::nullopt;
  if (X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1) return std::nullopt;
  return pair;
}

bool is_valid_at(X509 const* certificate, Instant at) {
  std::time_t seconds = unix_seconds(at);
  return X509_cmp_time(X509_get0_notAfter(certificate), &seconds) > 0;
}

// Written whole or not at all: beside its place, synced, then renamed. Mode 0600 from its first byte.
bool write_private(fs::path const& file, std::string const& text) {
  fs::path const fresh = file.string() + ".new";
  int const descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  bool const written =
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
  ::close(descriptor);
  return written && std::rename(fresh.c_str(), file.c_str()) == 0;
}

std::string pem_of(auto const& write) {
  Bio const bio{BIO_new(BIO_s_mem())};
  if (!bio || write(bio.get()) != 1) return {};
  char* bytes = nullptr;
  long const size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

bool save(Pair const& pair, fs::path const& certificate_file, fs::path const& key_file) {
  auto const certificate = pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, pair.certificate.get()); });
  auto const key = pem_of([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, pair.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return !certificate.empty() && !key.empty() && write_private(key_file, key) &&
         write_private(certificate_file, certificate);
}

// "DNS:localhost,IP:127.0.0.1" (X509V3_EXT_conf's form). Hosts come from configuration; only what can be a name or an
// address gets in, so that no comma adds an entry.
std::string subject_names(std::vector<std::string> hosts) {
  hosts.insert(hosts.begin(), {"localhost", "127.0.0.1", "::1"});
  std::string out;
  for (auto const& host : hosts) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    bool const is_name = !host.empty() && host.find_first_of(",:=@ ") == std::string::npos;
    std::string const entry = !error ? "IP:" + host : is_name ? "DNS:" + host : "";
    if (entry.empty() || ("," + out + ",").find("," + entry + ",") != std::string::npos) continue;
    out += (out.empty() ? "" : ",") + entry;
  }
  return out;
}

bool add_extension(X509* certificate, X509* issuer, int id, std::string const& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> const extension{
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str())};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate blank(EVP_PKEY* key, std::string const& name, Instant now, std::chrono::seconds lifetime) {
  Certificate certificate{X509_new()};
  std::array<unsigned char, 16> serial{};
  RAND_bytes(serial.data(), serial.size());
  serial[0] &= 0x7f;  // RFC 5280 §4.1.2.2: a positive number
  std::unique_ptr<BIGNUM, Free<BN_free>> const number{BN_bin2bn(serial.data(), serial.size(), nullptr)};
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), unix_seconds(now - clock_tolerance));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), unix_seconds(now + lifetime));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<unsigned char const*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

std::optional<Pair> make_ca(Instant now) {
  Pair ca{.certificate = {}, .key = Key{EVP_EC_gen("P-256")}};
  if (!ca.key) return std::nullopt;
  ca.certificate = blank(ca.key.get(), "Reveille development CA", now, ca_lifetime);
  X509* certificate = ca.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  bool const made = add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
                    X509_sign(certificate, ca.key.get(), EVP_sha256()) > 0;
  return made ? std::optional{std::move(ca)} : std::nullopt;
}

std::optional<Pair> make_server(Pair const& ca, std::string const& names, Instant now) {
  Pair server{.certificate = {}, .key = Key{EVP_EC_gen("P-256")}};
  if (!server.key) return std::nullopt;
  server.certificate = blank(server.key.get(), "Reveille", now, server_lifetime);
  X509* certificate = server.certificate.get();
  X509* issuer = ca.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  bool const made = add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
                    add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
                    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
                    add_extension(certificate, issuer, NID_subject_alt_name, names) &&
                    X509_sign(certificate, ca.key.get(), EVP_sha256()) > 0;
  return made ? std::optional{std::move(server)} : std::nullopt;
}

// The names in a certificate, in the order and form of subject_names().
bool names_are(X509 const* certificate, std::string const& names) {
  auto const expected = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>{
      static_cast<GENERAL_NAMES*>(X509V3_EXT_d2i(std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>{
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str())}
                                                     .get()))};
  auto const present = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  if (!expected || !present || sk_GENERAL_NAME_num(expected.get()) != sk_GENERAL_NAME_num(present.get())) return false;
  for (int i = 0; i < sk_GENERAL_NAME_num(present.get()); ++i) {
    if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(expected.get(), i), sk_GENERAL_NAME_value(present.get(), i)) != 0) {
      return false;
    }
  }
  return true;
}

bool is_usable(Pair const& server, Pair const& ca, std::string const& names, Instant now) {
  return is_valid_at(server.certificate.get(), now + renew_before) &&
         X509_verify(server.certificate.get(), ca.key.get()) == 1 && names_are(server.certificate.get(), names);
}

std::unexpected<Error> cannot_write(fs::path const& folder) {
  return failure(ErrorCode::storage, "cannot write certificates into '" + folder.string() + "'");
}

}  // namespace

Result<CertificateFiles> ensure_development_certificate(fs::path const& folder, std::vector<std::string> const& hosts,
                                                        Instant now) {
  std::error_code error;
  fs::create_directories(folder, error);
  CertificateFiles files{
      .ca = folder / "ca.pem", .certificate = folder / "server.pem", .key = folder / "server-key.pem"};
  auto ca = load(files.ca, folder / "ca-key.pem");
  if (!ca || !is_valid_at(ca->certificate.get(), now + renew_before)) {
    ca = make_ca(now);
    if (!ca || !save(*ca, files.ca, folder / "ca-key.pem")) return cannot_write(folder);
    // It is meant to be handed out.
    fs::permissions(files.ca,
                    fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read,
                    error);
  }
  std::string const names = subject_names(hosts);
  auto server = load(files.certificate, files.key);
  if (server && is_usable(*server, *ca, names, now)) return files;
  server = make_server(*ca, names, now);
  if (!server || !save(*server, files.certificate, files.key)) return cannot_write(folder);
  return files;
}

}  // namespace reveille::edge
