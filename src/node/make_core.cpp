// The core: store, traces, the shard with the accounts that are on disk.
#include "node/core.hpp"
#include "node/event_log.hpp"
#include "node/version.hpp"
#include "store/sqlite/sqlite_store.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace reveille::node {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// One batch an event: what is said of an event goes to the disk with what the event itself commits.
void flush_traces_when_changed(Core& core) {
  core.traces->set_changed([&core] { asio::post(core.io, [&core] { core.traces->flush(); }); });
}

void run_deadlines(Core& core);

void wait_until(Core& core, Instant at) {
  core.deadline_timer.expires_after(std::max(at - core.clock.now(), Duration::zero()));
  core.deadline_timer.async_wait([&core](error_code error) {
    if (!error) run_deadlines(core);
  });
}

void run_deadlines(Core& core) {
  core.shard->deadlines.run(core.clock.now());
  if (auto const next = core.shard->deadlines.next()) wait_until(core, *next);
}

store::TellDisk tell_of_disk(Core& core, std::string part) {
  return [&core, part = std::move(part)](Result<void> const& state) {
    if (state) {
      core.health.mend(part);
      return spdlog::info("{}: what is to be kept is written again", part);
    }
    core.health.degrade(part, state.error().ours);
    spdlog::error("{}: {}", part, state.error().ours);
  };
}

Result<void> load_accounts(store::Store& store, dispatch::Directory& directory) {
  Result<void> loaded;
  auto const refuse = [&](std::string_view table, std::string_view account) {
    loaded =
        failure(ErrorCode::corrupt,
                fmt::format("The record of {} in the table '{}' of {} cannot be read. Restore the data folder from "
                            "a backup.",
                            account, table, server_database));
  };
  auto read = store.for_each(store::Table::users, [&](std::string_view account, std::string_view packed) {
    if (!model::unpack_verifier(packed)) return refuse("users", account);
    directory.put_packed_verifier(model::AccountId{account}, std::string(packed));
  });
  if (!read) return read;
  read = store.for_each(store::Table::registrations, [&](std::string_view account, std::string_view packed) {
    auto const put = directory.put_packed_registrations(model::AccountId{account}, std::string(packed));
    // Registrations whose account is gone are no concern of a start.
    if (!put && put.error().code == ErrorCode::corrupt) refuse("registrations", account);
  });
  return read ? loaded : read;
}

void add_client_command(Core& core) {
  core.operate->add("client add", [&core](boost::json::object const& request, admin::ControlReply reply) {
    auto const name = model::TenantId{admin::text_of(request, "name")};
    core.push_clients->add(name, [reply = std::move(reply)](Result<model::NewPushClient> added) mutable {
      if (!added) return reply(admin::refusal(added.error().ours));
      reply(admin::items({boost::json::object{{"client_id", added->client.id},
                                              {"tenant", added->client.tenant.value},
                                              {"client_secret", std::string(added->secret.reveal())}}}));
    });
  });
}

void add_device_metrics(Core& core) {
  auto const& census = core.shard->census;
  using enum model::DeviceState;
  for (auto const state : {foreground, background, suspended, signed_out})
    core.metrics->add_gauge("reveille_devices", "Devices by what state they are in.",
                            [&census, state] { return static_cast<double>(census.in(state)); },
                            {{"state", std::string(model::name_of(state))}});
  core.metrics->add_gauge("reveille_devices_connected", "Devices with something alive to reach them on.",
                          [&census] { return static_cast<double>(census.with_sip()); }, {{"by", "sip"}});
  core.metrics->add_gauge("reveille_devices_connected", "Devices with something alive to reach them on.",
                          [&census] { return static_cast<double>(census.with_xmpp()); }, {{"by", "xmpp"}});
}

void add_core_metrics(Core& core) {
  add_device_metrics(core);
  admin::add_process_metrics(*core.metrics);
  core.metrics->add_gauge("reveille_accounts", "Users of this server.",
                          [&core] { return static_cast<double>(core.shard->directory.size()); });
  core.metrics->add_gauge("reveille_traces", "Traces in memory.",
                          [&core] { return static_cast<double>(core.traces->size()); });
  core.metrics->add_counter("reveille_traces_lost_total",
                            "Milestones that have no copy on disk, since the disk did not keep up.",
                            [&core] { return static_cast<double>(core.traces->lost()); });
  core.metrics->add_gauge("reveille_deadlines", "Things that are due at some time: calls, bursts of messages.",
                          [&core] { return static_cast<double>(core.shard->deadlines.size()); });
  core.metrics->add_gauge("reveille_degraded", "Parts of the server that are degraded; /healthz names them.",
                          [&core] { return static_cast<double>(core.health.reasons().size()); });
  core.traces->set_observer([&core](auto const& trace, auto const& step) {
    core.metrics->count(trace, step);
    log_end(trace, step);
  });
}

}  // namespace

Result<std::unique_ptr<store::Store>> open_store(Core& core, char const* name) {
  auto store = store::SqliteStore::open(
      {.path = core.folder.file(name)},
      [&io = core.io](std::move_only_function<void()> job) { asio::post(io, std::move(job)); },
      tell_of_disk(core, name == std::string_view(server_database) ? "disk" : "push_disk"));
  if (!store) return std::unexpected(store.error());
  return std::unique_ptr<store::Store>(std::move(*store));
}

Result<std::unique_ptr<Core>> make_core(asio::io_context& io, Settings settings, DataFolder folder) {
  auto core = std::make_unique<Core>(io, std::move(settings), std::move(folder));
  auto store = open_store(*core, server_database);
  if (!store) return std::unexpected(store.error());
  core->store = std::move(*store);
  core->metrics = std::make_unique<admin::Metrics>(version);
  core->traces = std::make_unique<admin::Traces>(*core->store);
  flush_traces_when_changed(*core);
  return core;
}

Result<void> make_shard(Core& core) {
  core.shard = std::make_unique<dispatch::Shard>(dispatch::Shard{.clock = core.clock,
                                                                 .random = core.random,
                                                                 .policy = core.settings.policy,
                                                                 .store = *core.store,
                                                                 .traces = *core.traces,
                                                                 .push = *core.push});
  if (auto loaded = load_accounts(*core.store, core.shard->directory); !loaded) return loaded;
  core.shard->directory.for_each([&core](dispatch::Entry& entry) { core.shard->recount(entry); });
  core.shard->deadlines.set_earlier([&core](Instant at) { wait_until(core, at); });
  core.registrations = std::make_unique<dispatch::Registrations>(*core.shard);
  core.registrations->start();
  core.when_clock_jumps.emplace_back([&core] { run_deadlines(core); });
  core.operate = std::make_unique<admin::Operator>(*core.shard, *core.traces);
  if (core.push_clients != nullptr) add_client_command(core);
  add_core_metrics(core);
  log_devices(*core.shard);
  return {};
}

}  // namespace reveille::node
