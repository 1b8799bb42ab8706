// What operators talk to.
#include "admin/control.hpp"
#include "admin/http.hpp"
#include "node/parts.hpp"

namespace reveille::node {
namespace {

constexpr std::size_t most_admin_body = 1024;  // nothing here takes one

class AdminPart final : public Part {
 public:
  AdminPart(std::unique_ptr<admin::ControlSocket> control, std::unique_ptr<edge::HttpServer> http)
      : control_(std::move(control)), http_(std::move(http)) {}
  void stop() override {
    control_->close();
    if (http_) http_->stop();
  }

 private:
  std::unique_ptr<admin::ControlSocket> control_;
  std::unique_ptr<edge::HttpServer> http_;
};

Result<std::unique_ptr<edge::HttpServer>> open_http(Core& core) {
  auto const& listen = core.settings.listen.admin;
  if (!core.settings.roles.admin || !listen) return nullptr;
  auto server = edge::HttpServer::open(
      core.io,
      {.address = listen->host,
       .port = listen->port,
       .connections = {.in_all = 100, .of_address = 100},
       .max_body = most_admin_body,
       .handshake_time = core.settings.limits.handshake_within,
       .first_request_time = core.settings.limits.request_within,
       .request_time = core.settings.limits.request_within,
       .stalled_after = core.settings.limits.stalled_after,
       .refusal = admin::admin_refusal},
      admin::make_admin_handler(
          {.operate = *core.operate, .health = core.health, .metrics = *core.metrics, .traces = *core.traces}));
  if (server) core.listeners.emplace_back("admin", (*server)->address());
  return server;
}

}  // namespace

Result<std::unique_ptr<Part>> make_admin(Core& core) {
  auto http = open_http(core);
  if (!http) return std::unexpected(http.error());
  auto control = admin::ControlSocket::open(
      core.io, core.folder.path, [&operate = *core.operate](boost::json::object request, admin::ControlReply reply) {
        operate.answer(request, std::move(reply));
      });
  if (!control) return std::unexpected(control.error());
  return std::make_unique<AdminPart>(std::move(*control), std::move(*http));
}

}  // namespace reveille::node
