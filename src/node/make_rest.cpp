// HTTPS at the listener `push`: the push service for its tenants (role push), the client API for the users of this
// server (roles call-control and im), or both; the Authorization field tells them apart.
#include "arrive/rest/device_door.hpp"
#include "arrive/rest/push_door.hpp"
#include "dispatch/devices.hpp"
#include "edge/http/server.hpp"
#include "node/parts.hpp"

#include <fmt/format.h>

#include <optional>

namespace reveille::node {
namespace {

constexpr std::size_t most_connections = 10'000;
// A notification is 5 KB at most, a device less.
constexpr std::size_t most_body = std::size_t{64} * 1024;

class Rest final : public Part {
 public:
  explicit Rest(Core& core) : core_(core), devices_(*core.shard, *core.registrations) {
    auto const& roles = core.settings.roles;
    if (!roles.call_control && !roles.im) return;
    using Beside = arrive::DeviceDoor::Beside;
    device_door_.emplace(arrive::DeviceDoor::Ports{.devices = devices_, .credentials = *core.registrations}, core.clock,
                         core.random, core.settings.policy.domains.front(),
                         roles.push ? Beside::tenants : Beside::nobody);
  }

  Result<void> open(ListenAddress const& at);
  void stop() override { server_->drain(); }

 private:
  void handle(edge::HttpRequest request, edge::Responder responder) {
    if (device_door_ && device_door_->takes(request))
      return device_door_->handle(std::move(request), std::move(responder));
    core_.push_door->handle(std::move(request), std::move(responder));
  }

  Core& core_;
  dispatch::Devices devices_;
  std::optional<arrive::DeviceDoor> device_door_ = {};
  std::unique_ptr<edge::HttpServer> server_ = {};
};

Result<void> Rest::open(ListenAddress const& at) {
  auto tls = core_.certificates.context({"h2", "http/1.1"});
  if (!tls) return std::unexpected(tls.error());
  auto const& limits = core_.settings.limits;
  auto opened = edge::HttpServer::open(
      core_.io,
      {.address = at.host,
       .port = at.port,
       .tls = *tls,
       .connections = {.in_all = most_connections, .of_address = limits.connections_per_address},
       .max_body = most_body,
       .max_streams = 1000,
       .handshake_time = limits.handshake_within,
       .first_request_time = limits.request_within,
       .request_time = limits.request_within,
       .stalled_after = limits.stalled_after,
       .refusal = [](int status) { return arrive::response_of(arrive::problem_of_http(status)); }},
      [this](edge::HttpRequest request, edge::Responder responder) {
        handle(std::move(request), std::move(responder));
      });
  if (!opened) return failure(opened.error().code, fmt::format("push: {}", opened.error().ours));
  server_ = std::move(*opened);
  core_.listeners.emplace_back("push", server_->address());
  return {};
}

}  // namespace

Result<std::unique_ptr<Part>> make_rest(Core& core) {
  auto const& roles = core.settings.roles;
  auto const& at = core.settings.listen.push;
  if (!at || (!roles.push && !roles.call_control && !roles.im)) return nullptr;
  auto made = std::make_unique<Rest>(core);
  if (auto const opened = made->open(*at); !opened) return std::unexpected(opened.error());
  return made;
}

}  // namespace reveille::node
