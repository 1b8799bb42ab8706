#include "arrive/rest/device_door.hpp"

#include "arrive/rest/push_json.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <utility>

namespace reveille::arrive {
namespace {

using edge::HttpRequest;
using edge::HttpResponse;
using edge::Responder;
using model::DeviceRefusal;

constexpr std::string_view collection = "/v1/devices";

HttpResponse wrong_method(std::string allowed) {
  return response_of({.status = 405,
                      .name = "method-not-allowed",
                      .detail = "This cannot be done here; /openapi.json says what can.",
                      .allow = std::move(allowed)});
}

Problem const not_his{
    .status = 422,
    .name = "invalid-field",
    .detail = "account: a user registers his own devices; leave it out, or name the one who signs in.",
    .field = "account"};

HttpResponse json_response(std::string body) {
  HttpResponse response{.status = 200, .body = std::move(body)};
  response.headers.add("content-type", "application/json");
  return response;
}

int seconds_until(Instant until, Instant now) {
  return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(until - now).count());
}

// Answers with a device as it stands.
auto answer_device(Responder responder, model::AccountId account) {
  return [responder = std::move(responder),
          account = std::move(account)](Result<model::Device, DeviceRefusal> device) mutable {
    responder.send(device ? json_response(json_of(account, *device)) : response_of(problem_of(device.error())));
  };
}

}  // namespace

bool DeviceDoor::takes(HttpRequest const& request) const {
  if (beside_ == Beside::nobody) return true;
  bool const of_devices = request.path == collection || request.path.starts_with(std::string(collection) + '/');
  return of_devices && !credentials_of(request, "bearer");
}

void DeviceDoor::handle(HttpRequest request, Responder responder) {
  if (request.path == "/openapi.json") {
    bool const is_read = request.method == "GET" || request.method == "HEAD";
    return responder.send(is_read ? json_response(std::string(device_openapi())) : wrong_method("GET, HEAD"));
  }
  Call call{.request = std::move(request), .responder = std::move(responder)};
  auto const given = basic_credentials_in(call.request);
  auto const source = call.request.remote;
  authentication_.check(given, source,
                        [this, call = std::move(call)](Result<model::AccountId, SignInRefusal> user) mutable {
                          if (!user) return refuse(std::move(call), user.error());
                          call.account = std::move(*user);
                          route(std::move(call));
                        });
}

void DeviceDoor::refuse(Call call, SignInRefusal const& refusal) {
  using enum SignInRefusal::Because;
  Problem problem{.status = 401, .name = "unauthorised", .detail = "Sign in with your address and password."};
  problem.challenges = {R"(Basic realm="reveille", charset="UTF-8")"};
  if (beside_ == Beside::tenants) problem.challenges.emplace_back("Bearer");
  if (refusal.because == guessing)
    problem = {.status = 429,
               .name = "too-many-guesses",
               .detail = "Too many wrong passwords came from where you are. Try again later.",
               .retry_after = seconds_until(refusal.until, clock_.now())};
  if (refusal.because == busy)
    problem = {.status = 503, .name = "overloaded", .detail = "Nobody can be signed in right now.", .retry_after = 1};
  // Each further guess costs a handshake, as a further attempt does on an XMPP stream that has failed.
  if (refusal.because == wrong && call.request.connection) call.request.connection->go_away(-1, "");
  call.responder.send(response_of(problem));
}

void DeviceDoor::route(Call call) {
  std::string_view const path = call.request.path;
  auto const name = path.starts_with(collection) ? path.substr(collection.size()) : std::string_view{};
  if (!name.starts_with('/') || !is_uuid(name.substr(1))) return call.responder.send(response_of(unknown_path()));
  call.instance = model::InstanceId{lower_uuid(std::string(name.substr(1)))};
  auto const& method = call.request.method;
  if (method == "PUT") return register_device(std::move(call));
  if (method == "PATCH") return set_mode(std::move(call));
  if (method == "DELETE") return sign_out(std::move(call));
  call.responder.send(wrong_method("PUT, PATCH, DELETE"));
}

void DeviceDoor::register_device(Call call) {
  auto read = read_device(call.request.body);
  if (!read) return call.responder.send(response_of(read.error()));
  if (!read->account.empty() && read->account != call.account) return call.responder.send(response_of(not_his));
  read->update.instance = call.instance;
  devices_.register_device(call.account, std::move(read->update),
                           answer_device(std::move(call.responder), call.account));
}

void DeviceDoor::set_mode(Call call) {
  auto const read = read_device_mode(call.request.body);
  if (!read) return call.responder.send(response_of(read.error()));
  if (!read->account.empty() && read->account != call.account) return call.responder.send(response_of(not_his));
  devices_.set_mode(call.account, call.instance, *read->update.mode,
                    answer_device(std::move(call.responder), call.account));
}

void DeviceDoor::sign_out(Call call) {
  devices_.sign_out(call.account, call.instance,
                    [responder = std::move(call.responder)](Result<void, DeviceRefusal> done) mutable {
                      responder.send(done ? HttpResponse{.status = 204} : response_of(problem_of(done.error())));
                    });
}

}  // namespace reveille::arrive
