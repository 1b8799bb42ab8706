#include "dispatch/push/clients.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace reveille::dispatch {
namespace {

constexpr std::string_view key_name = "push token key";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t longest_name = 64;

bool is_tenant_name(std::string_view name) {
  return name != model::own_tenant.value && !name.empty() && name.size() <= longest_name &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.';
         });
}

}  // namespace

Result<void> PushClients::load() {
  Result<void> result;
  auto read = store_.for_each(store::Table::push_clients, [&](std::string_view, std::string_view value) {
    auto client = model::unpack_push_client(value);
    if (!client)
      result = std::unexpected(client.error());
    else
      clients_[client->id] = std::move(*client);
  });
  if (read)
    read = store_.for_each(store::Table::settings, [&](std::string_view key, std::string_view value) {
      if (key == key_name) key_ = Secret{std::string(value)};
    });
  if (!read) return read;
  if (!key_.empty()) return result;
  key_ = Secret{random_.hex(key_bytes)};
  store_.commit({store::Put{store::Table::settings, std::string(key_name), std::string(key_.reveal())}},
                store::Urgency::soon, [](Result<void> done) {
                  // Tokens given out until the next start are then good until that start only.
                  if (!done) spdlog::warn("push: the signing key could not be kept: {}", done.error().ours);
                });
  return result;
}

void PushClients::add(model::TenantId const& tenant, Added added) {
  bool const is_name = is_tenant_name(tenant.value);
  auto made = model::make_push_client(tenant, random_);
  auto value = pack(made.client);
  auto batch = store::Batch{};
  if (is_name) batch.emplace_back(store::Put{store::Table::push_clients, made.client.id, std::move(value)});
  store_.commit(
      std::move(batch), store::Urgency::at_once,
      [this, is_name, made = std::move(made), added = std::move(added)](Result<void> done) mutable {
        if (!is_name)
          return added(failure(
              ErrorCode::malformed,
              "A name has 1 to 64 letters, digits, '-', '_' and '.', and nothing else; 'local' is this server."));
        if (!done) return added(std::unexpected(done.error()));
        clients_[made.client.id] = made.client;
        added(std::move(made));
      });
}

model::PushClient const* PushClients::find(std::string_view client_id) const {
  auto const found = clients_.find(client_id);
  return found == clients_.end() ? nullptr : &found->second;
}

}  // namespace reveille::dispatch
