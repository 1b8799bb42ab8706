#include "sim/apple/request_log.hpp"

#include <boost/json.hpp>

#include <utility>

namespace reveille::sim::apple {
namespace {

namespace json = boost::json;
constexpr std::size_t most_entries = 20'000;

json::object object_of(LoggedRequest const& entry) {
  json::object out{{"number", entry.number},
                   {"at", format_rfc3339(entry.at)},
                   {"at_us", unix_microseconds(entry.at)},
                   {"connection", entry.connection},
                   {"stream", entry.stream},
                   {"method", entry.method},
                   {"token", entry.token},
                   {"topic", entry.topic},
                   {"push_type", entry.push_type},
                   {"priority", entry.priority},
                   {"expiration", entry.expiration},
                   {"collapse_id", entry.collapse_id},
                   {"id", entry.id},
                   {"size", entry.size},
                   {"status", entry.status},
                   {"fate", entry.fate}};
  if (!entry.reason.empty()) out["reason"] = entry.reason;
  return out;
}

}  // namespace

LoggedRequest RequestLog::begin(edge::HttpRequest const& request, Instant now) {
  auto const text = [&](std::string_view name) { return std::string{request.headers.find(name).value_or("")}; };
  return {.number = next_++,
          .at = now,
          .connection = request.connection ? request.connection->id() : 0,
          .stream = request.stream,
          .method = request.method,
          .token = request.path.substr(request.path.rfind('/') + 1),
          .topic = text("apns-topic"),
          .push_type = text("apns-push-type"),
          .priority = text("apns-priority"),
          .expiration = text("apns-expiration"),
          .collapse_id = text("apns-collapse-id"),
          .id = text("apns-id"),
          .size = request.body.size()};
}

void RequestLog::add(LoggedRequest entry) {
  entries_.push_back(std::move(entry));
  if (entries_.size() > most_entries) entries_.pop_front();
}

std::string RequestLog::as_json(std::uint64_t since) const {
  json::array out;
  for (auto const& entry : entries_) {
    if (entry.number > since) out.emplace_back(object_of(entry));
  }
  return json::serialize(out);
}

}  // namespace reveille::sim::apple
