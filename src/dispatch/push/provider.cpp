#include "dispatch/push/provider.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace reveille::dispatch {
namespace {

// Apple, "Sending notification requests to APNs": what a kind of notification puts behind the bundle id.
constexpr std::array<std::string_view, 8> topic_suffixes = {".voip",
                                                            ".voip-ptt",
                                                            ".complication",
                                                            ".pushkit.fileprovider",
                                                            ".location-query",
                                                            ".push-type.liveactivity",
                                                            ".push-type.widgets",
                                                            ".push-type.controls"};

// "org.example.phone" and "org.example.phone.voip", but neither "org.example.phones" nor "org.example.phone.beta",
// which is another app.
bool is_topic_of(std::string_view app, std::string_view topic) {
  if (!topic.starts_with(app)) return false;
  auto const suffix = topic.substr(app.size());
  return suffix.empty() || std::ranges::find(topic_suffixes, suffix) != topic_suffixes.end();
}

}  // namespace

bool may_spend(PushCredential const& credential, model::TenantId const& tenant) {
  return credential.tenants.empty() || std::ranges::find(credential.tenants, tenant.value) != credential.tenants.end();
}

bool is_for(PushCredential const& credential, model::TenantId const& tenant, model::PushTarget const& target) {
  if (credential.provider != target.provider || credential.environment != target.environment) return false;
  if (!target.team.empty() && credential.team != target.team) return false;
  if (!may_spend(credential, tenant)) return false;
  if (credential.apps.empty()) return true;
  return std::ranges::any_of(credential.apps, [&](std::string const& app) { return is_topic_of(app, target.topic); });
}

}  // namespace reveille::dispatch
