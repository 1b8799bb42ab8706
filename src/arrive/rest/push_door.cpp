#include "arrive/rest/push_door.hpp"

#include "arrive/rest/authorization.hpp"
#include "arrive/rest/prefer.hpp"
#include "arrive/rest/push_json.hpp"
#include "wire/crypto/digest.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace reveille::arrive {
namespace {

namespace json = boost::json;
using edge::HttpRequest;
using edge::HttpResponse;
using edge::Responder;

constexpr Duration longest_wait = 60s;
constexpr std::size_t longest_key = 255;

HttpResponse json_response(int status, std::string body) {
  HttpResponse response{.status = status, .body = std::move(body)};
  response.headers.add("content-type", "application/json");
  return response;
}

Problem const unauthorised{
    .status = 401, .name = "unauthorised", .detail = "An access token from /oauth2/token is needed."};
Problem const bad_account{.status = 422,
                          .name = "invalid-field",
                          .detail = "account: an address has the form user@domain.",
                          .field = "account"};

Problem const no_account{
    .status = 422, .name = "invalid-field", .detail = "account: it is missing.", .field = "account"};

HttpResponse wrong_method(std::string allowed) {
  return response_of({.status = 405,
                      .name = "method-not-allowed",
                      .detail = "This cannot be done here; /openapi.json says what can.",
                      .allow = std::move(allowed)});
}

// RFC 6749 section 5.1: no cache keeps a token, of whatever age the cache is.
HttpResponse token_response(int status, json::object const& body) {
  auto response = json_response(status, json::serialize(body));
  response.headers.add("cache-control", "no-store");
  response.headers.add("pragma", "no-cache");
  return response;
}

// RFC 6749 section 5.2.
HttpResponse token_refusal(std::string_view error) {
  auto response = token_response(error == "invalid_client" ? 401 : 400, {{"error", error}});
  if (error == "invalid_client") response.headers.add("www-authenticate", "Basic realm=\"reveille\"");
  return response;
}

std::string form_value(HttpRequest const& request, std::string_view name) {
  for (auto const& [key, value] : edge::split_query(request.body))
    if (key == name) return value;
  return {};
}

// RFC 6749 sections 2.3, 3.2 and 5.2: no parameter twice, and one way to sign in. One without a value is none.
bool is_ambiguous(HttpRequest const& request) {
  std::set<std::string> names;
  for (auto const& [name, value] : edge::split_query(request.body))
    if (!value.empty() && !names.insert(name).second) return true;
  return credentials_of(request, "basic") && names.contains("client_secret");
}

struct ClientCredentials {
  std::string id = {};
  std::string secret = {};
};

// RFC 6749 section 2.3.1: HTTP Basic, or in the form.
ClientCredentials credentials_in(HttpRequest const& request) {
  if (!credentials_of(request, "basic"))
    return {form_value(request, "client_id"), form_value(request, "client_secret")};
  auto const given = basic_credentials_in(request);
  if (!given) return {};
  return {edge::percent_decoded(given->user), edge::percent_decoded(given->password.reveal())};
}

// RFC 7240 section 4.3: `Prefer: wait=N`, seconds. What is no number is no preference.
model::WaitUntil wait_in(HttpRequest const& request, Instant now) {
  auto const wait = preference_of(request.headers, "wait");
  if (!wait) return {};
  unsigned seconds = 0;
  auto const [end, error] = std::from_chars(wait->data(), wait->data() + wait->size(), seconds);
  bool const is_number = end != wait->data() && end == wait->data() + wait->size();
  if (!is_number) return {};
  if (error == std::errc::result_out_of_range) return now + longest_wait;
  return now + std::min<Duration>(std::chrono::seconds{seconds}, longest_wait);
}

bool is_final(model::PushState state) {
  return state == model::PushState::accepted_by_provider || model::is_end(state);
}

template <class T>
using Outcome = Result<T, model::PushRefusal>;

auto answer_device(Responder responder) {
  return [responder = std::move(responder)](Outcome<model::OwnedDevice> kept) mutable {
    responder.send(kept ? json_response(200, json_of(kept->account, kept->device))
                        : response_of(problem_of(kept.error())));
  };
}

// A target that came from a device is nothing that the request named.
Problem problem_of_request(model::PushRefusal refusal, bool by_device) {
  auto problem = problem_of(refusal);
  if (by_device && problem.field == "target") problem.field = "device";
  return problem;
}

// Answers with a notification as it stands.
auto answer_view(Responder responder, std::string (*write)(model::NotificationView const&)) {
  return [responder = std::move(responder), write](Outcome<model::NotificationView> view) mutable {
    responder.send(view ? json_response(200, write(*view)) : response_of(problem_of(view.error())));
  };
}

}  // namespace

void PushDoor::handle(HttpRequest request, Responder responder) {
  Call call{.request = std::move(request), .responder = std::move(responder)};
  if (call.request.path == "/oauth2/token") return issue_token(std::move(call));
  if (call.request.path == "/openapi.json") return describe(std::move(call));
  auto const tenant = tenant_of(call.request);
  if (!tenant) return call.responder.send(response_of(unauthorised));
  call.tenant = *tenant;
  route(std::move(call));
}

void PushDoor::describe(Call call) {
  bool const is_read = call.request.method == "GET" || call.request.method == "HEAD";
  call.responder.send(is_read ? json_response(200, std::string(push_openapi())) : wrong_method("GET, HEAD"));
}

std::optional<model::TenantId> PushDoor::tenant_of(HttpRequest const& request) const {
  auto const bearer = credentials_of(request, "bearer");
  if (!bearer) return {};
  auto const token = model::check_access_token(*bearer, clients_.signing_key(), clock_.now());
  // A client that was removed meanwhile has no access either.
  if (!token || clients_.find(token->client_id) == nullptr) return {};
  return token->tenant;
}

void PushDoor::issue_token(Call call) {
  if (call.request.method != "POST") return call.responder.send(wrong_method("POST"));
  if (is_ambiguous(call.request)) return call.responder.send(token_refusal("invalid_request"));
  if (form_value(call.request, "grant_type") != "client_credentials") {
    bool const other = !form_value(call.request, "grant_type").empty();
    return call.responder.send(token_refusal(other ? "unsupported_grant_type" : "invalid_request"));
  }
  auto const credentials = credentials_in(call.request);
  auto const* client = clients_.find(credentials.id);
  if (client == nullptr || !model::is_secret_of(*client, credentials.secret))
    return call.responder.send(token_refusal("invalid_client"));
  model::AccessToken const token{
      .tenant = client->tenant, .client_id = client->id, .expires_at = clock_.now() + model::access_token_lives};
  call.responder.send(token_response(
      200, {{"access_token", model::sign_access_token(token, clients_.signing_key())},
            {"token_type", "Bearer"},
            {"expires_in", std::chrono::duration_cast<std::chrono::seconds>(model::access_token_lives).count()}}));
}

void PushDoor::route(Call call) {
  std::string_view path = call.request.path;
  auto const collection = [&](std::string_view name) {
    if (!path.starts_with(name)) return false;
    auto const rest = path.substr(name.size());
    if (!rest.empty() && rest.front() != '/') return false;
    call.id = std::string(rest.empty() ? rest : rest.substr(1));
    return true;
  };
  if (collection("/v1/notifications")) return notifications(std::move(call));
  if (collection("/v1/devices")) return devices(std::move(call));
  if (collection("/v1/receipts")) return receipts(std::move(call));
  if (collection("/v1/providers")) return providers(std::move(call));
  call.responder.send(response_of(unknown_path()));
}

void PushDoor::notifications(Call call) {
  auto const& method = call.request.method;
  if (call.id.empty()) {
    if (method != "POST") return call.responder.send(wrong_method("POST"));
    return request_push(std::move(call));
  }
  model::PushId const id{lower_uuid(std::move(call.id))};
  if (method == "GET")
    return service_.find(call.tenant, id, wait_in(call.request, clock_.now()),
                         answer_view(std::move(call.responder), full_json));
  if (method == "DELETE") return service_.take_back(call.tenant, id, answer_view(std::move(call.responder), full_json));
  call.responder.send(wrong_method("GET, DELETE"));
}

void PushDoor::request_push(Call call) {
  auto notification = read_notification(call.request.body, clock_.now());
  if (!notification) return call.responder.send(response_of(notification.error()));
  auto const key = call.request.headers.find("idempotency-key");
  if (key && (key->empty() || key->size() > longest_key))
    return call.responder.send(response_of({.name = "invalid-header",
                                            .detail = "An Idempotency-Key has 1 to 255 characters.",
                                            .field = "Idempotency-Key"}));
  notification->tenant = call.tenant;
  // A key that is a UUID is the notification's id, and so the provider's: the asker derived it (B-CALL-4).
  notification->request.id =
      model::PushId{!key            ? random_.uuid()
                    : is_uuid(*key) ? lower_uuid(std::string(*key))
                                    : model::derive_uuid("idempotency", {call.tenant.value, *key})};
  notification->fingerprint = crypto::sha256(call.request.body);
  bool const by_device = !notification->device.empty();
  auto const wait = wait_in(call.request, clock_.now());
  service_.request(std::move(*notification), wait,
                   [waited = wait.has_value(), by_device,
                    responder = std::move(call.responder)](Outcome<model::NotificationView> view) mutable {
                     if (!view) return responder.send(response_of(problem_of_request(view.error(), by_device)));
                     bool const done = waited && is_final(view->receipt.state);
                     responder.send(json_response(done ? 200 : 202, brief_json(*view)));
                   });
}

void PushDoor::devices(Call call) {
  if (!is_uuid(call.id)) return call.responder.send(response_of(unknown_path()));
  model::InstanceId const instance{lower_uuid(std::move(call.id))};
  if (call.request.method == "PUT") return put_device(std::move(call), instance);
  if (call.request.method == "PATCH") return set_mode(std::move(call), instance);
  if (call.request.method != "DELETE") return call.responder.send(wrong_method("PUT, PATCH, DELETE"));
  model::AccountId account;
  for (auto const& [name, value] : edge::split_query(call.request.query)) {
    if (name != "account") continue;
    auto const parsed = model::parse_account(value);
    if (!parsed) return call.responder.send(response_of(bad_account));
    account = *parsed;
  }
  service_.remove_device(
      call.tenant, account, instance, [responder = std::move(call.responder)](Outcome<void> removed) mutable {
        responder.send(removed ? HttpResponse{.status = 204} : response_of(problem_of(removed.error())));
      });
}

void PushDoor::put_device(Call call, model::InstanceId const& instance) {
  auto read = read_device(call.request.body);
  if (!read) return call.responder.send(response_of(read.error()));
  if (read->account.empty()) return call.responder.send(response_of(no_account));
  read->update.instance = instance;
  service_.put_device(call.tenant, read->account, instance, std::move(read->update),
                      answer_device(std::move(call.responder)));
}

void PushDoor::set_mode(Call call, model::InstanceId const& instance) {
  auto const read = read_device_mode(call.request.body);
  if (!read) return call.responder.send(response_of(read.error()));
  service_.set_device_mode(call.tenant, read->account, instance, *read->update.mode,
                           answer_device(std::move(call.responder)));
}

void PushDoor::receipts(Call call) {
  if (!call.id.empty()) return call.responder.send(response_of(unknown_path()));
  if (call.request.method != "POST") return call.responder.send(wrong_method("POST"));
  auto const receipt = read_receipt(call.request.body);
  if (!receipt) return call.responder.send(response_of(receipt.error()));
  service_.acknowledge(call.tenant, *receipt, answer_view(std::move(call.responder), brief_json));
}

// Which providers this service has a usable credential for: call control offers RFC 8599 by it.
void PushDoor::providers(Call call) {
  if (!call.id.empty()) return call.responder.send(response_of(unknown_path()));
  if (call.request.method != "GET") return call.responder.send(wrong_method("GET"));
  using enum model::Environment;
  json::array served;
  json::array apns;
  for (auto const environment : {production, sandbox})
    if (service_.serves(call.tenant, model::Provider::apns, environment))
      apns.emplace_back(model::name_of(environment));
  if (!apns.empty()) served.emplace_back(model::name_of(model::Provider::apns));
  for (auto const provider : {model::Provider::fcm, model::Provider::webpush})
    if (service_.serves(call.tenant, provider, production)) served.emplace_back(model::name_of(provider));
  json::object out{{"providers", std::move(served)}};
  if (!apns.empty()) out["apns"] = std::move(apns);
  call.responder.send(json_response(200, json::serialize(out)));
}

}  // namespace reveille::arrive
