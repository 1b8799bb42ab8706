// check-config: the file's form, and whether what it refers to can be read.
#include "node/commands.hpp"
#include "node/version.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <fstream>
#include <vector>

namespace reveille::node {
namespace {

void check_file(std::vector<Fault>& faults, std::filesystem::path const& file, unsigned line, std::string_view what) {
  if (!file.empty() && !std::ifstream(file))
    faults.push_back({.line = line, .sentence = fmt::format("{} {} cannot be read", what, file.string())});
}

std::vector<Fault> check_files(Settings const& settings) {
  std::vector<Fault> faults;
  check_file(faults, settings.tls.certificate, 0, "the certificate");
  check_file(faults, settings.tls.key, 0, "the certificate's key");
  check_file(faults, settings.tls.ca, 0, "the CA certificate");
  check_file(faults, settings.push.client_secret_file, 0, "the push service's client secret");
  check_file(faults, settings.push.ca_file, 0, "the push service's CA certificate");
  for (auto const& apns : settings.push.apns) {
    check_file(faults, apns.key_file, apns.line, "Apple's provider key");
    check_file(faults, apns.ca_file, apns.line, "the CA certificate");
  }
  for (auto const& fcm : settings.push.fcm) {
    check_file(faults, fcm.service_account_file, fcm.line, "Google's service account");
    check_file(faults, fcm.ca_file, fcm.line, "the CA certificate");
  }
  return faults;
}

}  // namespace

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
