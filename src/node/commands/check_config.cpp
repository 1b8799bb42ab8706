// check-config: the file's form, whether what it refers to can be read, and whether the certificate is good.
#include "node/commands.hpp"
#include "node/core.hpp"
#include "node/version.hpp"
#include "wire/crypto/es256.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <vector>

namespace reveille::node {
namespace {

void check_file(std::vector<Fault>& faults, std::filesystem::path const& file, unsigned line, std::string_view what) {
  if (!file.empty() && !std::ifstream(file))
    faults.push_back(
        {.line = line,
         .sentence = fmt::format("{} {} cannot be read: put it there, readable for this user, or correct its path",
                                 what, file.string())});
}

// Both can be read: whether they belong together, and are still good.
void check_certificate(std::vector<Fault>& faults, TlsSettings const& tls) {
  if (tls.certificate.empty() || !faults.empty()) return;
  auto const context = edge::make_server_tls({.certificate = tls.certificate, .key = tls.key});
  auto const trouble = context ? trouble_with(*context, tls.certificate) : context.error().ours;
  if (!trouble.empty()) faults.push_back({.line = tls.certificate_line, .sentence = trouble});
}

// As it is opened where it is trusted.
void check_authority(std::vector<Fault>& faults, std::filesystem::path const& file, unsigned line,
                     std::string_view what) {
  if (file.empty()) return;
  if (!std::ifstream(file)) return check_file(faults, file, line, what);
  if (auto const trusted = edge::make_client_tls({.ca_file = file}); !trusted)
    faults.push_back({.line = line, .sentence = trusted.error().ours});
}

void check_client_secret(std::vector<Fault>& faults, PushSettings const& push) {
  if (push.client_secret_file.empty()) return;
  if (auto const secret = read_client_secret(push.client_secret_file); !secret)
    faults.push_back({.line = push.client_secret_line, .sentence = secret.error().ours});
}

void check_provider_key(std::vector<Fault>& faults, ApnsSettings const& settings) {
  std::ifstream in{settings.key_file, std::ios::binary};
  if (!in) return;  // said already
  std::string const pem{std::istreambuf_iterator<char>(in), {}};
  if (crypto::Es256Key::from_pem(pem)) return;
  faults.push_back(
      {.line = settings.line,
       .sentence = fmt::format("Apple's provider key {} is no P-256 key in PEM: put the .p8 file there, as "
                               "it was downloaded",
                               settings.key_file.string())});
}

}  // namespace

std::vector<Fault> check_files(Settings const& settings) {
  std::vector<Fault> faults;
  check_file(faults, settings.tls.certificate, settings.tls.certificate_line, "the certificate");
  check_file(faults, settings.tls.key, settings.tls.key_line, "the certificate's key");
  check_certificate(faults, settings.tls);
  check_authority(faults, settings.tls.ca, settings.tls.ca_line, "the CA certificate");
  check_client_secret(faults, settings.push);
  check_authority(faults, settings.push.ca_file, settings.push.ca_line, "the push service's CA certificate");
  for (auto const& apns : settings.push.apns) {
    check_file(faults, apns.key_file, apns.line, "Apple's provider key");
    check_provider_key(faults, apns);
    check_authority(faults, apns.ca_file, apns.line, "the CA certificate");
  }
  for (auto const& fcm : settings.push.fcm) {
    check_file(faults, fcm.service_account_file, fcm.line, "Google's service account");
    check_authority(faults, fcm.ca_file, fcm.line, "the CA certificate");
  }
  return faults;
}

int check_config(CommandLine const& line) {
  auto const settings = read_settings(line.argument);
  auto refused = settings ? Refused{.file = line.argument, .faults = check_files(*settings)} : settings.error();
  if (refused.faults.empty()) {
    if (line.form == Form::json)
      fmt::print("{{\"ok\":true}}\n");
    else
      fmt::print("{}: ok\n", line.argument);
    return exit_ok;
  }
  fmt::print(stderr, "{}", describe(refused));
  if (line.form == Form::json)
    for (auto const& fault : refused.faults)
      fmt::print("{}\n", boost::json::serialize(boost::json::object{
                             {"file", refused.file}, {"line", fault.line}, {"sentence", fault.sentence}}));
  return exit_configuration;
}

}  // namespace reveille::node
