#include "sim/apple/push_endpoint.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace reveille::sim::apple {
namespace {

namespace json = boost::json;

constexpr std::size_t connections_before_sweep = 1000;

std::string id_of(edge::HttpRequest const& request, Random& random) {
  auto const given = request.headers.find("apns-id");
  return given && is_uuid(*given) ? std::string{*given} : random.uuid();
}

}  // namespace

PushEndpoint::Connection& PushEndpoint::connection_of(edge::HttpRequest const& request) {
  if (connections_.size() > connections_before_sweep) {
    std::erase_if(connections_, [](auto const& entry) { return entry.second.handle.expired(); });
  }
  auto& connection = connections_[request.connection->id()];
  connection.handle = request.connection;
  return connection;
}

void PushEndpoint::on_request(edge::HttpRequest request, edge::Responder responder) {
  auto& connection = connection_of(request);
  auto entry = state_.log.begin(request, state_.clock.now());
  auto const id = id_of(request, state_.random);
  auto const fault = state_.faults.take(request, state_.devices.id_of_token(entry.token)).value_or(Fault{});
  if (fault.streams) set_streams(request, connection, *fault.streams);
  if (fault.stall.count() > 0) request.connection->stall(fault.stall);
  if (fault.goaway == Goaway::before || fault.reset) {
    entry.fate = fault.reset ? "reset" : "goaway";
    state_.log.add(std::move(entry));
    if (!fault.reset)
      request.connection->go_away(std::max<std::int64_t>(0, request.stream - 2), R"({"reason":"Shutdown"})");
    return responder.reset(fault.reset.value_or(7));
  }
  auto const given = fault.answers() ? Answer{.status = fault.status.value_or(status_of(
                                                  reason_named(fault.reason).value_or(Reason::internal_server_error))),
                                              .reason = fault.reason,
                                              .since = state_.clock.now()}
                                     : judge(request, connection, id);
  entry.status = given.status;
  entry.reason = given.reason;
  entry.fate = given.fate;
  if (!fault.streams && !fault.answers()) adjust_streams(request, connection, given);
  state_.log.add(std::move(entry));
  answer(request, std::move(responder), given, id, fault);
}

PushEndpoint::Answer PushEndpoint::judge(edge::HttpRequest const& request, Connection& connection,
                                         std::string const& id) {
  auto const refused = [](Reason reason, std::optional<Instant> since = {}) {
    return Answer{.status = status_of(reason), .reason = std::string{name_of(reason)}, .since = since};
  };
  auto const now = state_.clock.now();
  auto const token = token_in_path(request);
  if (!token) return refused(token.error());
  auto const claims = connection.tokens.check(request.headers.find("authorization"), state_.keys, served_, now);
  if (!claims) return refused(claims.error());
  auto notification = read_notification(request, *token);
  if (!notification) return refused(notification.error());
  auto const device = state_.devices.addressee(*notification, claims->team, served_, now);
  if (!device) return refused(device.error().reason, device.error().since);
  notification->id = id;
  auto const fate = state_.devices.deliver(**device, std::move(*notification), now);
  return {.status = 200, .fate = std::string{name_of(fate)}, .environment = (*device)->environment};
}

void PushEndpoint::adjust_streams(edge::HttpRequest const& request, Connection& connection, Answer const& answer) {
  bool const is_refusal = answer.status == 400 || answer.status == 403;
  bool const shows_good_token = answer.status == 200 || answer.status == 410;
  std::uint32_t const wanted = is_refusal ? first_streams : shows_good_token ? open_streams : connection.streams;
  if (wanted != connection.streams) set_streams(request, connection, wanted);
}

// This request is one of those that are unanswered.
void PushEndpoint::set_streams(edge::HttpRequest const& request, Connection& connection, std::uint32_t streams) {
  bool const is_fewer = streams < connection.streams;
  connection.streams = streams;
  request.connection->set_max_streams(streams);
  if (is_fewer && *connection.unanswered + 1 > streams)
    request.connection->go_away(-1, R"({"reason":"Maximum active streams violated"})");
}

edge::HttpResponse PushEndpoint::response_of(Answer const& answer, std::string id) {
  edge::HttpResponse out{.status = answer.status, .headers = {{"apns-id", std::move(id)}}};
  if (answer.status == 200) {
    if (answer.environment == Environment::sandbox) out.headers.add("apns-unique-id", state_.random.uuid());
    return out;
  }
  json::object body{{"reason", answer.reason}};
  if (answer.status == 410 && answer.since) body["timestamp"] = unix_milliseconds(*answer.since);
  out.body = json::serialize(body);
  return out;
}

void PushEndpoint::answer(edge::HttpRequest const& request, edge::Responder responder, Answer const& answer,
                          std::string id, Fault const& fault) {
  auto response = response_of(answer, std::move(id));
  if (fault.goaway == Goaway::lost) return request.connection->drop();
  if (fault.goaway == Goaway::after) {
    responder.send(std::move(response));
    return request.connection->go_away(-1, R"({"reason":"Shutdown"})");
  }
  if (fault.latency.count() == 0) return responder.send(std::move(response));
  answer_late(request, std::move(responder), std::move(response), fault.latency);
}

void PushEndpoint::answer_late(edge::HttpRequest const& request, edge::Responder responder, edge::HttpResponse response,
                               std::chrono::milliseconds latency) {
  auto const unanswered = connection_of(request).unanswered;
  ++*unanswered;
  auto timer = std::make_shared<boost::asio::steady_timer>(executor_, latency);
  timer->async_wait([timer, unanswered, responder = std::move(responder),
                     response = std::move(response)](boost::system::error_code) mutable {
    --*unanswered;
    responder.send(std::move(response));
  });
}

}  // namespace reveille::sim::apple
