#include "sim/apple/faults.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace reveille::sim::apple {
namespace {

namespace json = boost::json;

std::string text_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

template <class Number>
std::optional<Number> number_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  auto const number = value->to_number<Number>(error);
  return error ? std::nullopt : std::optional{number};
}

Result<Goaway> goaway_of(json::object const& object) {
  auto const* value = object.if_contains("goaway");
  if (value == nullptr || (value->is_bool() && !value->get_bool())) return Goaway::no;
  if (value->is_bool()) return Goaway::after;
  auto const text = text_of(object, "goaway");
  if (text == "after") return Goaway::after;
  if (text == "before") return Goaway::before;
  if (text == "lost") return Goaway::lost;
  return failure(ErrorCode::malformed, "goaway is true, \"after\", \"before\" or \"lost\"");
}

constexpr std::array<std::string_view, 9> known_fields{"match",    "reason",     "status",  "goaway", "reset",
                                                       "stall_ms", "latency_ms", "streams", "count"};

constexpr std::array<std::string_view, 5> matched_fields{"token", "topic", "push_type", "device", "connection"};

bool fits(std::string const& wanted, std::string_view found) {
  return wanted.empty() || wanted == found;
}

}  // namespace

Result<Fault> read_fault(json::object const& object) {
  for (auto const& [name, value] : object) {
    if (std::ranges::find(known_fields, std::string_view{name}) == known_fields.end()) {
      return failure(ErrorCode::malformed, "a fault has no such field", std::string{name});
    }
  }
  Fault fault;
  if (auto const* match = object.if_contains("match"); match != nullptr && match->is_object()) {
    fault.token = text_of(match->get_object(), "token");
    fault.topic = text_of(match->get_object(), "topic");
    fault.push_type = text_of(match->get_object(), "push_type");
    fault.device = text_of(match->get_object(), "device");
    fault.connection = number_of<std::uint64_t>(match->get_object(), "connection");
    for (auto const& [name, value] : match->get_object()) {
      if (std::ranges::find(matched_fields, std::string_view{name}) == matched_fields.end()) {
        return failure(ErrorCode::malformed, "a fault matches no such field", std::string{name});
      }
    }
  }
  fault.reason = text_of(object, "reason");
  fault.status = number_of<int>(object, "status");
  auto const goaway = goaway_of(object);
  if (!goaway) return std::unexpected(goaway.error());
  fault.goaway = *goaway;
  fault.reset = number_of<std::uint32_t>(object, "reset");
  fault.stall = std::chrono::milliseconds{number_of<std::uint32_t>(object, "stall_ms").value_or(0)};
  fault.latency = std::chrono::milliseconds{number_of<std::uint32_t>(object, "latency_ms").value_or(0)};
  fault.streams = number_of<std::uint32_t>(object, "streams");
  fault.count = number_of<int>(object, "count").value_or(1);
  if (!fault.reason.empty() && !fault.status && !reason_named(fault.reason)) {
    return failure(ErrorCode::malformed, "that reason is not documented: give a status with it", fault.reason);
  }
  return fault;
}

std::optional<Fault> Faults::take(edge::HttpRequest const& request, std::string_view device) {
  auto const slash = request.path.rfind('/');
  std::string_view const token = std::string_view{request.path}.substr(slash == std::string::npos ? 0 : slash + 1);
  auto const topic = request.headers.find("apns-topic").value_or("");
  auto const type = request.headers.find("apns-push-type").value_or("");
  std::uint64_t const connection = request.connection ? request.connection->id() : 0;
  for (auto at = faults_.begin(); at != faults_.end(); ++at) {
    if (at->connection && *at->connection != connection) continue;
    if (!fits(at->device, device)) continue;
    if (!fits(at->token, token) || !fits(at->topic, topic) || !fits(at->push_type, type)) continue;
    auto const fault = *at;
    if (at->count > 0 && --at->count == 0) faults_.erase(at);
    return fault;
  }
  return std::nullopt;
}

}  // namespace reveille::sim::apple
