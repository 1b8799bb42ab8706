#include "arrive/rest/problem.hpp"

#include <boost/json.hpp>

#include <utility>

namespace reveille::arrive {
namespace {

Problem unfit(std::string name, std::string detail, std::string field) {
  return {.status = 422, .name = std::move(name), .detail = std::move(detail), .field = std::move(field)};
}

Problem unfit_token(std::string field) {
  auto detail = field + ": a token of APNs is hexadecimal.";
  return unfit("invalid-field", std::move(detail), std::move(field));
}

}  // namespace

Problem problem_of(model::PushRefusal refusal) {
  using enum model::PushRefusal;
  switch (refusal) {
    case not_found: return {.status = 404, .name = "not-found", .detail = "There is no such thing of yours."};
    case key_reused:
      return unfit("idempotency-key-reused", "This Idempotency-Key came before with another body.", "Idempotency-Key");
    case no_device:
      return unfit("no-such-device", "No device of that UUID is registered, or several accounts use it: name one.",
                   "device");
    case no_token: return unfit("no-token", "The device has registered no token for that channel.", "channel");
    case token_dead:
      return unfit("token-dead", "The provider has called the device's token dead or wrong; register a new one.",
                   "device");
    case no_credential:
      return unfit("no-credential", "No credential serves that provider, team, topic and environment.", "target");
    case unfit_target:
      return unfit("unfit-target",
                   "The provider has no such targets: an APNs token is hexadecimal, and a topic is plain text.",
                   "target");
    case unfit_voip_token: return unfit_token("channels.voip.token");
    case unfit_message_token: return unfit_token("channels.message.token");
    case too_large:
      return unfit("payload-too-large",
                   "The provider takes at most 4096 bytes, and 5120 on APNs' VoIP channel, frame included.", "payload");
    case voip_is_for_calls:
      return unfit("voip-is-for-calls", "To iOS 13 and later nothing but a call goes on the VoIP channel.", "channel");
    case service_not_used:
      return unfit("service-not-used",
                   "The device has named the services that it is woken for, and that is none of them.", "class");
    case too_many_devices:
      return {.status = 422, .name = "too-many-devices", .detail = "You have as many devices as you may have."};
    case too_many:
      return {.status = 429, .name = "too-many-open", .detail = "Too many of yours wait to be sent.", .retry_after = 5};
    case overloaded:
      return {.status = 503, .name = "overloaded", .detail = "The push service is overloaded.", .retry_after = 1};
    case storage:
      return {
          .status = 503, .name = "storage", .detail = "The push service cannot write to its disk.", .retry_after = 2};
  }
  std::unreachable();
}

Problem problem_of(model::DeviceRefusal refusal) {
  using enum model::DeviceRefusal;
  switch (refusal) {
    case not_found: return {.status = 404, .name = "not-found", .detail = "There is no such device of yours."};
    case too_many_devices:
      return {.status = 422,
              .name = "too-many-devices",
              .detail = "You have as many devices as a user may have: sign out on one of them."};
    case unfit_voip_token: return unfit_token("channels.voip.token");
    case unfit_message_token: return unfit_token("channels.message.token");
    case overloaded:
      return {.status = 503, .name = "overloaded", .detail = "The server is overloaded.", .retry_after = 1};
    case storage:
      return {.status = 503, .name = "storage", .detail = "The server cannot write to its disk.", .retry_after = 2};
  }
  std::unreachable();
}

Problem unknown_path() {
  return {.status = 404, .name = "not-found", .detail = "There is nothing here; /openapi.json says what there is."};
}

Problem problem_of_http(int status) {
  switch (status) {
    case 413:
      return {.status = status, .name = "content-too-large", .detail = "Nothing here takes a body of that size."};
    case 431:
      return {.status = status, .name = "header-too-large", .detail = "The header fields are larger than 16 KB."};
    case 500:
      return {.status = status, .name = "internal", .detail = "The server has lost this request: tell its operator."};
    default: return {.status = status, .name = "bad-request", .detail = "That was no HTTP request."};
  }
}

edge::HttpResponse response_of(Problem const& problem) {
  boost::json::object body{
      {"type", "urn:reveille:problem:" + problem.name}, {"status", problem.status}, {"detail", problem.detail}};
  if (!problem.field.empty()) body["field"] = problem.field;
  edge::HttpResponse response{.status = problem.status,
                              .headers = {{.name = "content-type", .value = "application/problem+json"}},
                              .body = boost::json::serialize(body)};
  if (problem.retry_after) response.headers.add("retry-after", std::to_string(*problem.retry_after));
  if (!problem.allow.empty()) response.headers.add("allow", problem.allow);
  if (problem.status == 401)
    for (auto const& challenge : problem.challenges) response.headers.add("www-authenticate", challenge);
  return response;
}

}  // namespace reveille::arrive
