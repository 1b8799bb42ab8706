// The admin HTTP server's routes: GET /healthz, /metrics, /v1/users, /v1/devices[?account=], /v1/traces[?most=],
// /v1/traces/{id}. Read only and without a password: it listens on 127.0.0.1 unless told otherwise.
#pragma once

#include "admin/health.hpp"
#include "admin/metrics.hpp"
#include "admin/operator.hpp"
#include "edge/http/server.hpp"

namespace reveille::admin {

struct AdminParts {
  Operator& operate;
  Health& health;
  Metrics& metrics;
  Traces& traces;
};

// The parts outlive the server that the handler is given to.
[[nodiscard]] edge::HttpServer::Handler make_admin_handler(AdminParts parts);
// What the server says of a request that is none.
[[nodiscard]] edge::HttpResponse admin_refusal(int status);

}  // namespace reveille::admin
