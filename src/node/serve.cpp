// serve: makes every part that the roles ask for, says that it is ready, and runs until it is told to stop.
#include "node/commands.hpp"
#include "node/parts.hpp"
#include "node/version.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <ranges>

namespace reveille::node {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::system::error_code;

constexpr auto time_to_end = std::chrono::seconds(1);

void prepare_process(CommandLine const& line) {
  spdlog::set_level(spdlog::level::from_str(line.log_level));
  std::signal(SIGPIPE, SIG_IGN);
  // A file that may grow no further is an error like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  // A connection is a file: as many as the system allows.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

std::string ready_line(Core const& core) {
  json::array domains;
  for (auto const& domain : core.settings.policy.domains) domains.push_back(json::value(domain));
  json::object listeners;
  for (auto const& [name, address] : core.listeners) listeners[name] = address;
  json::object line;
  line["ready"] = true;
  line["domains"] = std::move(domains);
  line["data"] = core.folder.path.string();
  line["ca"] = core.certificates.ca.empty() ? json::value(nullptr) : json::value(core.certificates.ca.string());
  line["listeners"] = std::move(listeners);
  return json::serialize(line);
}

using Parts = std::vector<std::unique_ptr<Part>>;

Result<void> add(Parts& parts, Result<std::unique_ptr<Part>> part) {
  if (!part) return std::unexpected(part.error());
  if (*part) parts.push_back(std::move(*part));
  return {};
}

// In the order in which each stands on what is before it.
Result<void> make_parts(Core& core, Parts& parts) {
  auto made = make_certificates(core);
  if (made) made = make_push(core);
  if (made) made = make_shard(core);
  if (made && core.settings.roles.call_control) made = add(parts, make_call_control(core));
  if (made) made = add(parts, make_sweep(core));
  if (made && core.settings.roles.im) made = add(parts, make_im(core));
  if (made) made = add(parts, make_rest(core));
  if (made) made = add(parts, make_admin(core));
  if (made) made = add(parts, make_wall_clock(core));
  if (made) made = add(parts, make_trim(core));
  return made;
}

// What is read where it is used may change while we run (B-PUSH-0); listeners, domains and limits wait for a restart.
void reload_policy(Core& core, Parts const& parts, CommandLine const& line) {
  auto read = settings_of(line);
  if (!read) return spdlog::error("settings kept as they were: {}", describe(read.error()));
  auto& policy = core.settings.policy;
  policy.calls = read->policy.calls;
  policy.wake = read->policy.wake;
  for (auto const& part : parts) part->reload();
  spdlog::info("settings of calls and pushes read again; push is {}", policy.wake.enabled ? "on" : "off");
}

void reload_on_hangup(Core& core, Parts const& parts, CommandLine const& line, asio::signal_set& hangup) {
  hangup.async_wait([&](error_code error, int) {
    if (error) return;
    reload_policy(core, parts, line);
    if (auto const reloaded = core.certificates.reload())
      spdlog::info("certificates read again");
    else
      spdlog::error("certificates kept as they were: {}", reloaded.error().ours);
    reload_on_hangup(core, parts, line, hangup);
  });
}

// What the process is told from outside. Made before anything else, so that no signal is missed.
struct Signals {
  explicit Signals(asio::io_context& io) : stop(io, SIGTERM, SIGINT), hangup(io, SIGHUP) {}
  asio::signal_set stop;
  asio::signal_set hangup;
};

void run_until_told(Core& core, Parts const& parts, CommandLine const& line, Signals& signals) {
  signals.stop.async_wait([&core](error_code error, int number) {
    if (error) return;
    spdlog::info("stopping on signal {}", number);
    core.io.stop();
  });
  reload_on_hangup(core, parts, line, signals.hangup);
  core.io.run();
  signals.hangup.cancel();
}

void end(Core& core, Parts& parts) {
  core.health.enter(admin::Phase::stopping);
  for (auto const& part : parts | std::views::reverse) part->stop();
  if (core.push_service) core.push_service->stop();
  core.deadline_timer.cancel();
  core.traces->flush();
  core.io.restart();
  core.io.run_for(time_to_end);
}

int complain(Error const& error) {
  fmt::print(stderr, "reveille: {}\n", error.ours);
  return exit_failure;
}

// With the lines that are to blame, where there are any.
int complain(Error const& error, Settings const& settings, CommandLine const& line) {
  if (error.code != ErrorCode::configuration) return complain(error);
  auto const faults = check_files(settings);
  if (!faults.empty()) fmt::print(stderr, "{}", describe(Refused{.file = line.config, .faults = faults}));
  complain(error);
  return exit_configuration;
}

}  // namespace

int serve(CommandLine const& line) {
  auto settings = settings_of(line);
  if (!settings) {
    fmt::print(stderr, "{}", describe(settings.error()));
    return exit_configuration;
  }
  prepare_process(line);
  auto folder = open_data_folder(settings->data);
  if (!folder) return complain(folder.error());
  // Never destroyed: that would wait for a name that is being resolved, half a minute where the name servers are
  // silent.
  static auto& io = *new asio::io_context{1};
  Signals signals(io);
  auto core = make_core(io, std::move(*settings), std::move(*folder));
  if (!core) return complain(core.error());
  Parts parts;
  if (auto const made = make_parts(**core, parts); !made) return complain(made.error(), (*core)->settings, line);
  (*core)->health.enter(admin::Phase::ready);
  fmt::print("{}\n", ready_line(**core));
  std::fflush(stdout);
  spdlog::info("reveille {} is ready", version);
  run_until_told(**core, parts, line, signals);
  end(**core, parts);
  spdlog::info("stopped");
  return exit_ok;
}

}  // namespace reveille::node
