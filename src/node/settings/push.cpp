// [push], [[push.apns]], [[push.fcm]].
#include "node/settings/sections.hpp"
#include "wire/sip/uri.hpp"

#include <algorithm>
#include <cctype>

namespace reveille::node {
namespace {

// Team and key ids of Apple.
bool is_identifier(std::string_view text) {
  return text.size() == 10 && std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; });
}

void read_identifier(Section& section, std::string_view key, std::string& into) {
  section.require(key);
  section.read(key, into);
  auto const* value = section.find(key);
  if (value && std::holds_alternative<std::string>(value->content) && !is_identifier(into))
    section.blame(*value,
                  "'push.apns." + std::string(key) + "' must be ten letters and digits; here is \"" + into + "\"");
}

ApnsSettings read_apns(Section section) {
  ApnsSettings apns{.line = section.line()};
  read_identifier(section, "team", apns.team);
  read_identifier(section, "key_id", apns.key_id);
  section.require("key_file");
  section.read("key_file", apns.key_file);
  section.read("apps", apns.apps);
  section.read("tenants", apns.tenants);
  constexpr std::string_view environments[] = {"production", "sandbox"};
  if (auto const chosen = section.choice("environment", environments))
    apns.environment = *chosen == 0 ? model::Environment::production : model::Environment::sandbox;
  section.read("host", apns.host);
  section.read("port", apns.port);
  section.read("ca_file", apns.ca_file);
  section.finish();
  if (apns.host.empty())
    apns.host =
        apns.environment == model::Environment::production ? "api.push.apple.com" : "api.sandbox.push.apple.com";
  return apns;
}

void read_https(Section& section, std::string_view key, std::string& into) {
  section.read(key, into);
  auto const* value = section.find(key);
  if (value && std::holds_alternative<std::string>(value->content) && !into.starts_with("https://"))
    section.blame(*value, "'push.fcm." + std::string(key) + "' must be an https URL; here is \"" + into + "\"");
}

FcmSettings read_fcm(Section section) {
  FcmSettings fcm{.line = section.line()};
  section.require("service_account_file");
  section.read("service_account_file", fcm.service_account_file);
  read_https(section, "endpoint", fcm.endpoint);
  section.read("ca_file", fcm.ca_file);
  section.finish();
  return fcm;
}

}  // namespace

std::optional<HostAndPort> parse_https(std::string_view url) {
  constexpr std::string_view scheme = "https://";
  if (!url.starts_with(scheme)) return {};
  url.remove_prefix(scheme.size());
  while (url.ends_with('/')) url.remove_suffix(1);
  auto const place = sip::parse_host_port(url);
  if (!place) return {};
  return HostAndPort{.host = std::string(place->host), .port = place->port.value_or(443)};
}

void read_push(Section section, PushSettings& into) {
  section.read("via", into.via);
  auto const* via = section.find("via");
  if (via && !into.in_process() && !parse_https(into.via))
    section.blame(*via,
                  "'push.via' must be \"in-process\" or the https URL of a push service, of the form "
                  "https://host:port; here is \"" +
                      into.via + "\"");
  section.read("client_id", into.client_id);
  section.read("client_secret_file", into.client_secret_file);
  section.read("ca_file", into.ca_file);
  into.client_secret_line = section.line_of("client_secret_file");
  into.ca_line = section.line_of("ca_file");
  if (via && into.via.starts_with("https://")) {
    section.require("client_id");
    section.require("client_secret_file");
  }
  for (auto& each : section.sections("apns")) into.apns.push_back(read_apns(each));
  for (auto& each : section.sections("fcm")) into.fcm.push_back(read_fcm(each));
  section.finish();
}

}  // namespace reveille::node
