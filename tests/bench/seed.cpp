// Fills a server's database with users u0 … u(N−1), whose password is the same, and with a sleeping iPhone each for the
// first M: signed in by SIP, and with a suspended XMPP stream that has enabled push.
//
// usage: bench_seed DATABASE DOMAIN PASSWORD N M [TEAM TOKENS]. TOKENS is a file with a line a phone: the token of its
// VoIP channel, a space, that of its message channel; without it they are made up. The server must not run. The keys
// are derived with one iteration: this measures registrars, not PBKDF2.
#include "base/instant.hpp"
#include "bench/phone.hpp"
#include "decide/xmpp/im.hpp"
#include "model/device.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "wire/xmpp/xml.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

using namespace reveille;
using bench::made_up_tokens;
using bench::padded;
using bench::Tokens;

namespace {

std::vector<Tokens> read_tokens(char const* path) {
  std::ifstream in{path};
  std::vector<Tokens> all;
  for (Tokens one; in >> one.voip >> one.message;) all.push_back(one);
  return all;
}

model::InstanceId instance_of(int index) {
  return model::InstanceId{bench::uuid_of(index)};
}

// What XEP-0198 keeps for the app of that phone, which went to sleep some minutes ago.
decide::ImSession suspended_stream(int index, Instant now) {
  auto presence = xmpp::parse_element(
      "<presence xmlns='jabber:client'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' "
      "node='https://phone.example.org' ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/></presence>");
  return {.resource = "ExamplePhone." + padded(index, 8),
          .instance = instance_of(index),
          .resume_id = "5b0a6f0e-7c1d-4e8a-9f3b-" + padded(index, 12),
          .sent = xmpp::SentQueue{{.acknowledged = 217}},
          .received = 104,
          .last_kept = 190,
          .cursor = static_cast<std::uint64_t>(unix_microseconds(now)),
          .client_state = xmpp::ClientState::inactive,
          .presence = std::move(*presence),
          .interested = true,
          .lost_at = now - 300s};
}

model::Registrations sleeping_iphone(int index, std::string const& team, Tokens const& tokens, Instant now) {
  auto const instance = instance_of(index);
  model::Device const device{.instance = instance,
                             .app = "org.example.phone",
                             .platform = model::Platform::ios,
                             .os_version = "18.0",
                             .provider = model::Provider::apns,
                             .team = team,
                             .voip = {.token = tokens.voip, .since = now},
                             .message = {.token = tokens.message, .since = now},
                             .services = {.call = true, .im = true},
                             .away_in_background = true,
                             .reported_mode = model::Mode::background,
                             .mode_since = now,
                             .seen_at = now};
  model::Binding const binding{.contact = bench::contact_uri(index, "192.0.2.1:49822;transport=tls", team, tokens),
                               .call_id = "seed-" + std::to_string(index),
                               .cseq = 1,
                               .expires_at = now + 3600s,
                               .stored_until = now + 7200s,
                               .instance = instance,
                               .user_agent = bench::user_agent,
                               .remote = "tls 192.0.2.1:49822"};
  return {.devices = {device}, .bindings = {binding}};
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6 && count != 8) {
    std::fprintf(stderr, "usage: bench_seed DATABASE DOMAIN PASSWORD USERS SLEEPING [TEAM TOKENS]\n");
    return 2;
  }
  auto opened = store::SqliteStore::open({.path = arguments[1]}, [](std::move_only_function<void()> act) { act(); });
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().ours.c_str());
    return 1;
  }
  std::string const domain = arguments[2];
  Secret const password{arguments[3]};
  int const users = std::atoi(arguments[4]);
  int const sleeping = std::atoi(arguments[5]);
  Instant const now = SystemClock{}.now();
  std::string const team = count == 8 ? arguments[6] : bench::team;
  auto const tokens = count == 8 ? read_tokens(arguments[7]) : std::vector<Tokens>{};
  if (count == 8 && std::cmp_less(tokens.size(), sleeping)) {
    std::fprintf(stderr, "%s has tokens for %zu phones only\n", arguments[7], tokens.size());
    return 1;
  }
  store::Batch batch;
  for (int i = 0; i < users; ++i) {
    model::AccountId const account{"u" + std::to_string(i) + "@" + domain};
    batch.push_back(store::Put{store::Table::users, account.value,
                               pack(derive_verifier(account, password, "sixteen bytes ok", 1))});
    if (i < sleeping) {
      auto const phone =
          sleeping_iphone(i, team, tokens.empty() ? made_up_tokens(i) : tokens[static_cast<std::size_t>(i)], now);
      batch.push_back(store::Put{store::Table::registrations, account.value, pack(phone)});
      auto const stream = suspended_stream(i, now);
      batch.push_back(store::Put{store::Table::streams, account.value + '\0' + stream.resource, decide::pack(stream)});
    }
    if (batch.size() >= 2000) (*opened)->commit(std::exchange(batch, {}), store::Urgency::lazily, [](Result<void>) {});
  }
  (*opened)->commit(std::move(batch), store::Urgency::at_once, [](Result<void> done) {
    if (!done) std::fprintf(stderr, "%s\n", done.error().ours.c_str());
  });
  return 0;
}
