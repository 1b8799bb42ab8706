#include "deliver/push/push_json.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace reveille::deliver {
namespace {

namespace json = boost::json;
using namespace model;

std::optional<json::object> object_in(std::string_view body) {
  boost::system::error_code error;
  auto value = json::parse(body, error);
  if (error || !value.is_object()) return {};
  return std::move(value.get_object());
}

std::string text_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

void read_verdict(json::object const& object, PushReceipt& receipt) {
  boost::system::error_code error;
  if (auto const* status = object.if_contains("provider_status"))
    receipt.provider_status = status->to_number<unsigned>(error);
  receipt.reason = text_of(object, "reason");
  receipt.token = token_verdict_named(text_of(object, "token")).value_or(TokenVerdict::alive);
  receipt.dead_since = parse_rfc3339(text_of(object, "dead_since"));
}

}  // namespace

std::string write_request(PushRequest const& request) {
  json::object target{{"provider", name_of(request.target.provider)},
                      {"token", request.target.token},
                      {"topic", request.target.topic},
                      {"environment", name_of(request.target.environment)}};
  if (!request.target.team.empty()) target["team"] = request.target.team;
  json::object out{{"target", std::move(target)},
                   {"class", name_of(request.push_class)},
                   {"channel", name_of(request.channel)},
                   {"expires_at", format_rfc3339(request.expires_at)}};
  if (!request.account.empty()) out["account"] = request.account.value;
  if (!request.instance.empty()) out["instance"] = request.instance.value;
  if (!request.conversation.empty()) out["conversation"] = request.conversation;
  if (!request.tracking.empty()) out["tracking_id"] = request.tracking.value;
  if (!request.alert_title.empty() || !request.alert_body.empty())
    out["alert"] = json::object{{"title", request.alert_title}, {"body", request.alert_body}};
  if (request.badge) out["badge"] = *request.badge;
  boost::system::error_code error;
  auto payload = json::parse(request.payload.empty() ? "{}" : request.payload, error);
  if (!error) out["payload"] = std::move(payload);
  return json::serialize(out);
}

std::optional<PushReceipt> read_view(std::string_view body, Instant now) {
  auto const object = object_in(body);
  if (!object) return {};
  auto const state = push_state_named(text_of(*object, "state"));
  if (!state) return {};
  PushReceipt receipt{.id = PushId{text_of(*object, "id")}, .state = *state, .at = now};
  if (auto const* verdict = object->if_contains("verdict"); verdict != nullptr && verdict->is_object())
    read_verdict(verdict->get_object(), receipt);
  return receipt;
}

std::string read_problem(std::string_view body) {
  auto const object = object_in(body);
  constexpr std::string_view prefix = "urn:reveille:problem:";
  auto const type = object ? text_of(*object, "type") : std::string{};
  return type.starts_with(prefix) && type.size() > prefix.size() ? type.substr(prefix.size()) : "unknown";
}

std::optional<Token> read_token(std::string_view body) {
  auto const object = object_in(body);
  if (!object) return {};
  boost::system::error_code error;
  auto const* lives = object->if_contains("expires_in");
  Token token{.value = text_of(*object, "access_token")};
  if (lives != nullptr) {
    // A number of seconds that no clock holds is no promise: a day is believed at most.
    constexpr std::int64_t most = std::chrono::seconds(24h).count();
    token.lives = std::chrono::seconds{std::clamp<std::int64_t>(lives->to_number<std::int64_t>(error), 0, most)};
  }
  return token.value.empty() || error ? std::nullopt : std::optional(std::move(token));
}

namespace {

// `{"providers":["apns"],"apns":["production"]}`; an older service does not say the environments, and means both.
void add_apns(json::object const& object, std::vector<ServedProvider>& providers) {
  auto const* list = object.if_contains("apns");
  for (auto const environment : {Environment::production, Environment::sandbox}) {
    bool const is_told =
        list == nullptr || !list->is_array() ||
        std::ranges::find(list->get_array(), json::value(name_of(environment))) != list->get_array().end();
    if (is_told) providers.push_back({Provider::apns, environment});
  }
}

}  // namespace

std::optional<std::vector<ServedProvider>> read_providers(std::string_view body) {
  auto const object = object_in(body);
  auto const* list = object ? object->if_contains("providers") : nullptr;
  if (list == nullptr || !list->is_array()) return {};
  std::vector<ServedProvider> providers;
  for (auto const& name : list->get_array()) {
    auto const known = name.is_string() ? provider_named(std::string_view(name.get_string())) : std::nullopt;
    if (known == Provider::apns)
      add_apns(*object, providers);
    else if (known)
      providers.push_back({.provider = *known});
  }
  return providers;
}

}  // namespace reveille::deliver
