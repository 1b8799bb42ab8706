#include "arrive/rest/openapi.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace reveille::arrive {
namespace {

namespace json = boost::json;

struct Row {
  std::string_view name = {};
  int status = 0;
  std::string_view when = {};
};

// docs/reference/errors.md has the same table.
constexpr std::array rows = {
    Row{"bad-request", 400, "it was no HTTP request"},
    Row{"malformed", 400, "the body is no JSON object"},
    Row{"invalid-header", 400, "a header field is not as it is described here"},
    Row{"unauthorised", 401, "there is no access token or password, or not a good one"},
    Row{"not-found", 404, "there is no such path, or no such thing of yours"},
    Row{"method-not-allowed", 405, "what can be done there is in Allow"},
    Row{"content-too-large", 413, "the body is larger than 64 KB"},
    Row{"invalid-field", 422, "`field` is missing, misspelt, or has no value that it may have"},
    Row{"idempotency-key-reused", 422, "the same Idempotency-Key came before with another body"},
    Row{"too-many-devices", 422, "you have as many devices as you may have"},
    Row{"no-such-device", 422, "no such device is registered, or several accounts use it and none was named"},
    Row{"no-token", 422, "the device has no token for that channel"},
    Row{"token-dead", 422, "the provider has called the device's token dead or wrong"},
    Row{"no-credential", 422, "no credential of yours serves that provider, team, topic and environment"},
    Row{"unfit-target", 422, "the token or topic can be none of that provider"},
    Row{"payload-too-large", 422, "the provider takes at most 4096 bytes, 5120 on APNs' VoIP channel"},
    Row{"voip-is-for-calls", 422, "nothing but a call goes on VoIP to a device with iOS 13 or later"},
    Row{"service-not-used", 422, "the device named is not woken for that: its `services` say for what it is"},
    Row{"too-many-open", 429, "too many of your notifications wait to be sent"},
    Row{"too-many-guesses", 429, "too many wrong passwords came from where you are"},
    Row{"header-too-large", 431, "the header fields are larger than 16 KB"},
    Row{"internal", 500, "the server has lost the request"},
    Row{"overloaded", 503, "the server cannot take more for now"},
    Row{"storage", 503, "the server cannot write to its disk"},
};

constexpr std::array<std::string_view, 5> any_request_meets = {"bad-request", "method-not-allowed", "content-too-large",
                                                               "header-too-large", "internal"};

bool is_among(auto const& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view field_of(int status) {
  switch (status) {
    case 401: return "WWW-Authenticate";
    case 405: return "Allow";
    case 429:
    case 503: return "Retry-After";
    default: return {};
  }
}

json::object& object_at(json::object& in, std::string_view name) {
  auto& value = in[name];
  if (!value.is_object()) value = json::object{};
  return value.get_object();
}

// A status that several problems share is one response, beside what is written for it.
void add(json::object& responses, Row const& row) {
  auto& response = object_at(responses, std::to_string(row.status));
  auto& description = response["description"];
  auto const before = description.is_string() ? std::string(description.get_string()) + " " : std::string{};
  description = before + std::string(row.name) + ": " + std::string(row.when) + ".";
  if (auto const field = field_of(row.status); !field.empty())
    object_at(response, "headers")[field] = json::object{{"schema", json::object{{"type", "string"}}}};
  auto& schema = object_at(object_at(object_at(response, "content"), "application/problem+json"), "schema");
  schema["$ref"] = "#/components/schemas/Problem";
  auto& types = object_at(object_at(schema, "properties"), "type")["enum"];
  if (!types.is_array()) types = json::array{};
  types.get_array().emplace_back("urn:reveille:problem:" + std::string(row.name));
}

json::object const& problem_schema() {
  static json::object const schema =
      json::parse(R"({"type":"object","required":["type","status","detail"],"properties":{
        "type":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
        "field":{"type":"string","description":"What is to blame."}}})")
          .as_object();
  return schema;
}

}  // namespace

std::string with_problems(std::string_view written, std::vector<OpenapiOperation> const& operations) {
  auto document = json::parse(written).as_object();
  document.at("components").at("schemas").as_object()["Problem"] = problem_schema();
  for (auto const& [path, method, problems] : operations) {
    auto& responses = object_at(document.at("paths").at(path).at(method).as_object(), "responses");
    for (auto const& row : rows)
      if (is_among(problems, row.name) || is_among(any_request_meets, row.name)) add(responses, row);
  }
  return json::serialize(document);
}

}  // namespace reveille::arrive
