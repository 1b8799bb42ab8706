#include "deliver/apns/payload.hpp"

#include "base/utf8.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace reveille::deliver::apns {
namespace {

namespace json = boost::json;

constexpr std::string_view ellipsis = "…";

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto const size = utf8_length(text);
    out += size == 0 ? replacement_character : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

// `text` shorter by at least `by` bytes, ending in "…"; empty when that leaves nothing.
std::string shortened(std::string_view text, std::size_t by) {
  std::size_t const room = text.size() > by + ellipsis.size() ? text.size() - by - ellipsis.size() : 0;
  auto const kept = cut_utf8(text, room);
  return kept.empty() ? std::string{} : std::string{kept} + std::string{ellipsis};
}

json::object aps_of(PayloadParts const& parts) {
  json::object aps;
  if (!parts.title.empty() || !parts.body.empty()) {
    json::object alert;
    if (!parts.title.empty()) alert["title"] = clean_utf8(parts.title);
    if (!parts.body.empty()) alert["body"] = clean_utf8(parts.body);
    aps["alert"] = std::move(alert);
  }
  if (parts.badge) aps["badge"] = *parts.badge;
  if (parts.sound) aps["sound"] = "default";
  if (!parts.thread.empty()) aps["thread-id"] = clean_utf8(parts.thread);
  if (parts.content_available) aps["content-available"] = 1;
  if (parts.mutable_content) aps["mutable-content"] = 1;
  return aps;
}

void add_string(json::object& in, std::string_view name, std::vector<json::string*>& out) {
  auto* value = in.if_contains(name);
  if (value != nullptr && value->is_string()) out.push_back(&value->get_string());
}

json::object* object_in(json::object& in, std::string_view name) {
  auto* value = in.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

// What may be cut.
std::vector<json::string*> elastic_strings(json::object& payload) {
  std::vector<json::string*> out;
  if (auto* aps = object_in(payload, "aps")) {
    if (auto* alert = object_in(*aps, "alert")) {
      add_string(*alert, "title", out);
      add_string(*alert, "body", out);
    }
  }
  if (auto* ours = object_in(payload, "reveille")) {
    if (auto* from = object_in(*ours, "from")) {
      add_string(*from, "name", out);
      add_string(*from, "address", out);
    }
  }
  return out;
}

// Cuts the longest of them until the whole fits. Each round removes at least one byte of text, and escapes only make
// the written form longer than the text: so it ends.
Result<std::string> fitted(json::object payload, std::size_t limit) {
  auto text = json::serialize(payload);
  auto const elastic = elastic_strings(payload);
  while (text.size() > limit) {
    auto const longest = std::ranges::max_element(elastic, {}, [](json::string const* s) { return s->size(); });
    if (longest == elastic.end() || (*longest)->empty()) {
      return failure(ErrorCode::too_large, "the payload has " + std::to_string(text.size()) + " bytes; at most " +
                                               std::to_string(limit) + " fit");
    }
    std::size_t const excess = text.size() - limit;
    // Not more than half at once: the second longest may then take its share.
    std::size_t const by = std::min(excess, (*longest)->size() / 2 + 1);
    **longest = shortened(std::string_view{**longest}, by);
    text = json::serialize(payload);
  }
  return text;
}

}  // namespace

Result<std::string> build_payload(PayloadParts const& parts, std::size_t limit) {
  json::object payload{{"aps", aps_of(parts)}};
  if (!parts.reveille.empty()) {
    boost::system::error_code error;
    auto ours = json::parse(parts.reveille, error);
    if (error || !ours.is_object()) return failure(ErrorCode::malformed, "the payload is no JSON object");
    payload["reveille"] = std::move(ours);
  }
  return fitted(std::move(payload), limit);
}

}  // namespace reveille::deliver::apns
