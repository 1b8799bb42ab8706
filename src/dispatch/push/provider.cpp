#include "dispatch/push/provider.hpp"

#include <algorithm>

namespace reveille::dispatch {

bool may_spend(PushCredential const& credential, model::TenantId const& tenant) {
  return credential.tenants.empty() || std::ranges::find(credential.tenants, tenant.value) != credential.tenants.end();
}

bool is_for(PushCredential const& credential, model::TenantId const& tenant, model::PushTarget const& target) {
  if (credential.provider != target.provider || credential.environment != target.environment) return false;
  if (!target.team.empty() && credential.team != target.team) return false;
  if (!may_spend(credential, tenant)) return false;
  if (credential.apps.empty()) return true;
  return std::ranges::any_of(credential.apps, [&](std::string const& app) {
    // "org.example.phone" and "org.example.phone.voip", but not "org.example.phones".
    return target.topic.starts_with(app) && (target.topic.size() == app.size() || target.topic.at(app.size()) == '.');
  });
}

}  // namespace reveille::dispatch
