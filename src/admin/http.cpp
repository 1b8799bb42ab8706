#include "admin/http.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace reveille::admin {
namespace {

namespace json = boost::json;

constexpr std::size_t most_traces = 1000;

edge::HttpResponse text(int status, std::string type, std::string body) {
  return {.status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)};
}

edge::HttpResponse problem(int status, std::string_view name, std::string_view detail) {
  json::object const body{
      {"type", "urn:reveille:problem:" + std::string(name)}, {"status", status}, {"detail", detail}};
  return text(status, "application/problem+json", json::serialize(body));
}

// RFC 9110 section 15.5.6.
edge::HttpResponse only_get() {
  auto response = problem(405, "method-not-allowed", "This server only answers GET.");
  response.headers.add("allow", "GET, HEAD");
  return response;
}

void tell_health(Health const& health, edge::Responder responder) {
  constexpr int ok = 200;
  constexpr int unavailable = 503;
  responder.send(text(health.phase() == Phase::ready ? ok : unavailable, "application/json", health.json() + "\n"));
}

// `{"items":[…]}` of what the operator's command says.
void tell_items(Operator& operate, json::object const& request, edge::Responder responder) {
  operate.answer(request, [responder = std::move(responder)](json::value answer) mutable {
    auto& object = answer.as_object();
    if (!object.at("ok").as_bool()) return responder.send(problem(404, "not-found", object.at("error").as_string()));
    responder.send(text(200, "application/json", json::serialize(json::object{{"items", object.at("items")}}) + "\n"));
  });
}

void tell_trace(Operator& operate, std::string const& id, edge::Responder responder) {
  operate.answer({{"command", "trace"}, {"id", id}}, [responder = std::move(responder)](json::value answer) mutable {
    auto& object = answer.as_object();
    if (!object.at("ok").as_bool()) return responder.send(problem(404, "not-found", object.at("error").as_string()));
    auto const& trace = object.at("items").as_array().at(0).as_object().at("trace");
    responder.send(text(200, "application/json", json::serialize(trace) + "\n"));
  });
}

void tell_newest_traces(Traces const& traces, std::size_t most, edge::Responder responder) {
  std::string lines;
  for (auto const* trace : traces.recent(std::min(most, most_traces))) lines += json_of(*trace) + "\n";
  responder.send(text(200, "application/x-ndjson", std::move(lines)));
}

std::string parameter(edge::HttpRequest const& request, std::string_view name) {
  for (auto& [key, value] : edge::split_query(request.query))
    if (key == name) return value;
  return {};
}

std::size_t number_or(std::string const& text, std::size_t otherwise) {
  std::size_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : otherwise;
}

constexpr std::string_view traces_path = "/v1/traces/";
constexpr std::size_t usual_traces = 100;

void route(AdminParts const& parts, edge::HttpRequest const& request, edge::Responder responder) {
  auto const& path = request.path;
  if (request.method != "GET" && request.method != "HEAD") return responder.send(only_get());
  if (path == "/healthz") return tell_health(parts.health, std::move(responder));
  if (path == "/metrics") return responder.send(text(200, "text/plain; version=0.0.4", parts.metrics.text()));
  if (path == "/v1/users") return tell_items(parts.operate, {{"command", "user list"}}, std::move(responder));
  if (path == "/v1/devices")
    return tell_items(parts.operate, {{"command", "devices"}, {"address", parameter(request, "account")}},
                      std::move(responder));
  if (path == "/v1/traces")
    return tell_newest_traces(parts.traces, number_or(parameter(request, "most"), usual_traces), std::move(responder));
  if (path.starts_with(traces_path))
    return tell_trace(parts.operate, edge::percent_decoded(path.substr(traces_path.size())), std::move(responder));
  responder.send(problem(404, "not-found", "There is /healthz, /metrics, /v1/users, /v1/devices and /v1/traces."));
}

}  // namespace

edge::HttpServer::Handler make_admin_handler(AdminParts parts) {
  return [parts](edge::HttpRequest request, edge::Responder responder) { route(parts, request, std::move(responder)); };
}

edge::HttpResponse admin_refusal(int status) {
  return problem(status, "bad-request", "Requests here are small, and have no body.");
}

}  // namespace reveille::admin
