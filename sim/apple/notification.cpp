#include "sim/apple/notification.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace reveille::sim::apple {
namespace {

namespace json = boost::json;

constexpr std::size_t max_collapse_id = 64;
constexpr std::size_t max_payload = 4096;
constexpr std::size_t max_voip_payload = 5120;
constexpr std::size_t max_topic = 255;
constexpr std::int64_t last_expiration = 253'402'300'799;  // the end of the year 9999: what is later is no date
constexpr std::string_view device_path = "/3/device/";

struct TypeRow {
  std::string_view name = {};
  std::string_view suffix = {};
  PushType type = PushType::other;
};

constexpr std::array<TypeRow, 11> types{{
    {"alert", "", PushType::alert},
    {"background", "", PushType::background},
    {"voip", ".voip", PushType::voip},
    {"complication", ".complication", PushType::other},
    {"controls", ".push-type.controls", PushType::other},
    {"fileprovider", ".pushkit.fileprovider", PushType::other},
    {"liveactivity", ".push-type.liveactivity", PushType::other},
    {"location", ".location-query", PushType::other},
    {"pushtotalk", ".voip-ptt", PushType::other},
    {"widgets", ".push-type.widgets", PushType::other},
    {"mdm", "", PushType::other},
}};

bool is_topic(std::string_view text) {
  return text.size() <= max_topic && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                  c == '_';
         });
}

// The row whose suffix the topic bears; alert's for a topic without one.
TypeRow const& row_of_topic(std::string_view topic) {
  for (auto const& row : types) {
    if (!row.suffix.empty() && topic.ends_with(row.suffix)) return row;
  }
  return types[0];
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool const is_whole = error == std::errc{} && end == text.data() + text.size() && number >= 0;
  return is_whole ? std::optional{number} : std::nullopt;
}

std::optional<Reason> check_duplicates(edge::HttpFields const& headers) {
  for (auto const& field : headers) {
    bool const is_ours = field.name.starts_with("apns-") || field.name == "authorization";
    if (is_ours && headers.count(field.name) > 1) return Reason::duplicate_headers;
  }
  return std::nullopt;
}

std::optional<Reason> read_identity(edge::HttpFields const& headers, Notification& out) {
  if (auto const id = headers.find("apns-id")) {
    if (!is_uuid(*id)) return Reason::bad_message_id;
    out.id = *id;
  }
  if (auto const expiration = headers.find("apns-expiration")) {
    out.expiration = whole_number<std::int64_t>(*expiration);
    if (!out.expiration || *out.expiration > last_expiration) return Reason::bad_expiration_date;
  }
  if (auto const priority = headers.find("apns-priority")) {
    out.priority = whole_number<int>(*priority).value_or(0);
    if (out.priority != 10 && out.priority != 5 && out.priority != 1) return Reason::bad_priority;
  }
  if (auto const collapse = headers.find("apns-collapse-id")) {
    if (collapse->size() > max_collapse_id) return Reason::bad_collapse_id;
    out.collapse_id = *collapse;
  }
  return std::nullopt;
}

// The type names the suffix that the topic must bear. A sender that leaves the type out is judged by its topic, and
// where that says nothing by its payload.
std::optional<Reason> read_type_and_topic(edge::HttpFields const& headers, Notification& out) {
  auto const topic = headers.find("apns-topic");
  if (!topic || topic->empty()) return Reason::missing_topic;
  if (!is_topic(*topic)) return Reason::bad_topic;
  auto const named = headers.find("apns-push-type");
  auto const* row = &row_of_topic(*topic);
  if (named) {
    auto const* const found = std::ranges::find(types, *named, &TypeRow::name);
    if (found == types.end()) return Reason::invalid_push_type;
    if (row->suffix != found->suffix) return Reason::topic_disallowed;
    row = found;
  }
  out.topic = *topic;
  out.app = topic->substr(0, topic->size() - row->suffix.size());
  out.type = row->type;
  out.type_name = row->name;
  // Apple: a background notification must have priority 5; it is an error to send it with 10.
  if (out.type == PushType::background && out.priority == 10) return Reason::bad_priority;
  return std::nullopt;
}

bool has(json::object const& aps, std::string_view key) {
  return aps.contains(key);
}

// Apple: the push type must say what the payload is.
bool type_fits(PushType type, json::object const& payload) {
  auto const* aps = payload.if_contains("aps");
  static json::object const none;
  auto const& content = aps != nullptr && aps->is_object() ? aps->get_object() : none;
  bool const is_shown = has(content, "alert") || has(content, "sound") || has(content, "badge");
  switch (type) {
    case PushType::alert: return is_shown;
    case PushType::background: return has(content, "content-available") && !is_shown;
    case PushType::voip:
    case PushType::other: return true;
  }
  std::unreachable();
}

// Every sender was once without a type: what it means is then what its payload is.
std::optional<Reason> settle_type(bool is_named, json::object const& payload, Notification& out) {
  if (type_fits(out.type, payload)) return std::nullopt;
  if (is_named) return Reason::invalid_push_type;
  if (!type_fits(PushType::background, payload)) return std::nullopt;
  out.type = PushType::background;
  out.type_name = name_of(out.type);
  return out.priority == 10 ? std::optional{Reason::bad_priority} : std::nullopt;
}

std::optional<Reason> read_payload(edge::HttpRequest const& request, Notification& out) {
  auto const& body = request.body;
  if (body.empty()) return Reason::payload_empty;
  if (body.size() > (out.type == PushType::voip ? max_voip_payload : max_payload)) return Reason::payload_too_large;
  // Apple: do not compress the payload. It is not read, as no payload is that is not JSON.
  if (request.headers.find("content-encoding").value_or("identity") != "identity") return Reason::payload_empty;
  boost::system::error_code error;
  auto const payload = json::parse(body, error);
  if (error || !payload.is_object()) return Reason::payload_empty;
  bool const is_named = request.headers.find("apns-push-type").has_value();
  if (auto const fault = settle_type(is_named, payload.get_object(), out)) return fault;
  out.payload = body;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(PushType type) {
  switch (type) {
    case PushType::alert: return "alert";
    case PushType::background: return "background";
    case PushType::voip: return "voip";
    case PushType::other: return "other";
  }
  std::unreachable();
}

std::expected<std::string, Reason> token_in_path(edge::HttpRequest const& request) {
  if (!request.path.starts_with(device_path) && request.path != "/3/device") return std::unexpected(Reason::bad_path);
  if (request.method != "POST") return std::unexpected(Reason::method_not_allowed);
  auto token = request.path.size() > device_path.size() ? request.path.substr(device_path.size()) : std::string{};
  if (token.empty()) return std::unexpected(Reason::missing_device_token);
  if (token.find('/') != std::string::npos) return std::unexpected(Reason::bad_path);
  auto const bytes = decode_hex(token);
  if (!bytes) return std::unexpected(Reason::bad_device_token);
  return encode_hex(*bytes);
}

std::expected<Notification, Reason> read_notification(edge::HttpRequest const& request, std::string token) {
  Notification out{.token = std::move(token)};
  auto const& headers = request.headers;
  if (auto const fault = check_duplicates(headers)) return std::unexpected(*fault);
  if (auto const fault = read_identity(headers, out)) return std::unexpected(*fault);
  if (auto const fault = read_type_and_topic(headers, out)) return std::unexpected(*fault);
  if (auto const fault = read_payload(request, out)) return std::unexpected(*fault);
  return out;
}

}  // namespace reveille::sim::apple
