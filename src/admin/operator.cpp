#include "admin/operator.hpp"

#include "base/encoding.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace reveille::admin {
namespace {

namespace json = boost::json;

std::vector<std::string> accounts_of(dispatch::Directory& directory) {
  std::vector<std::string> accounts;
  directory.for_each([&](dispatch::Entry& entry) { accounts.push_back(entry.account().value); });
  std::ranges::sort(accounts);
  return accounts;
}

}  // namespace

json::value items(json::array values) {
  return json::object{{"ok", true}, {"items", std::move(values)}};
}

json::value refusal(std::string_view sentence) {
  return json::object{{"ok", false}, {"error", sentence}};
}

std::string text_of(json::object const& request, std::string_view member) {
  auto const* value = request.if_contains(member);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

Operator::Operator(dispatch::Shard& shard, Traces& traces) : shard_(shard), traces_(traces) {
  add("user add", [this](auto const& request, auto reply) { add_user(request, std::move(reply)); });
  add("user list", [this](auto const&, auto reply) { list_users(std::move(reply)); });
  add("devices", [this](auto const& request, auto reply) { list_devices(request, std::move(reply)); });
  add("trace", [this](auto const& request, auto reply) { tell_trace(request, std::move(reply)); });
  add("push test", [this](auto const& request, auto reply) { test_push(request, std::move(reply)); });
}

void Operator::answer(json::object const& request, ControlReply reply) {
  auto const found = commands_.find(text_of(request, "command"));
  if (found == commands_.end()) return reply(refusal("This server does not know that command."));
  found->second(request, std::move(reply));
}

// The command line derives the keys, so that no password crosses the socket and this thread derives nothing.
void Operator::add_user(json::object const& request, ControlReply reply) {
  auto const account = model::parse_account(text_of(request, "address"));
  if (!account) return reply(refusal(account.error().ours));
  auto const& domains = shard_.policy.domains;
  if (std::ranges::find(domains, model::domain_of(*account)) == domains.end())
    return reply(refusal(fmt::format("This server has no domain '{}'; it has: {}.", model::domain_of(*account),
                                     fmt::join(domains, ", "))));
  auto const packed = decode_base64(text_of(request, "verifier"));
  if (!packed || !model::unpack_verifier(*packed)) return reply(refusal("The verifier cannot be read."));
  auto const known = shard_.directory.find(*account) != nullptr;
  shard_.store.commit(
      {store::Put{.table = store::Table::users, .key = account->value, .value = *packed}}, store::Urgency::at_once,
      [this, account = *account, packed = *packed, known, reply = std::move(reply)](Result<void> written) mutable {
        if (!written) return reply(refusal("The user could not be stored: " + written.error().ours));
        shard_.directory.put_packed_verifier(account, std::move(packed));
        reply(items({json::object{{"account", account.value}, {"change", known ? "password" : "added"}}}));
      });
}

void Operator::list_users(ControlReply reply) const {
  json::array values;
  for (auto const& account : accounts_of(shard_.directory)) {
    auto const& entry = *shard_.directory.find(model::AccountId{account});
    values.push_back(json::object{{"account", account}, {"devices", entry.registrations().devices.size()}});
  }
  reply(items(std::move(values)));
}

void Operator::list_devices(json::object const& request, ControlReply reply) const {
  std::vector<std::string> accounts;
  if (auto const address = text_of(request, "address"); address.empty()) {
    accounts = accounts_of(shard_.directory);
  } else {
    auto const account = model::parse_account(address);
    if (!account) return reply(refusal(account.error().ours));
    if (!shard_.directory.find(*account)) return reply(refusal("There is no user " + account->value + "."));
    accounts.push_back(account->value);
  }
  json::array values;
  for (auto const& account : accounts) {
    auto const& entry = *shard_.directory.find(model::AccountId{account});
    auto const registrations = entry.registrations();
    for (auto const& device : registrations.devices)
      values.push_back(json_of({.account = entry.account(),
                                .registrations = registrations,
                                .device = device,
                                .state = dispatch::state_of(entry, registrations, device, shard_.now()),
                                .session = session_of_(entry, device.instance)}));
  }
  reply(items(std::move(values)));
}

void Operator::tell_trace(json::object const& request, ControlReply reply) const {
  auto const id = text_of(request, "id");
  traces_.fetch(id, [id, reply = std::move(reply)](std::optional<Trace> trace) mutable {
    if (trace)
      return reply(items({json::object{{"trace", json::parse(json_of(*trace))}, {"story", story_of(*trace)}}}));
    reply(
        refusal(fmt::format("No trace has the id '{}'. A trace is found by its tracking id, SIP Call-ID, archive id or "
                            "push id.",
                            id)));
  });
}

}  // namespace reveille::admin
