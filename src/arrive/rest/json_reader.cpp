#include "arrive/rest/json_reader.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace reveille::arrive {
namespace {

constexpr std::size_t deepest = 16;

}  // namespace

void JsonReader::blame(std::string_view name, std::string_view why) {
  if (fault_) return;
  auto field = path_ + std::string(name);
  fault_ =
      Problem{.status = 422, .name = "invalid-field", .detail = field + ": " + std::string(why) + ".", .field = field};
}

boost::json::value const* JsonReader::take(std::string_view name) {
  taken_.emplace(name);
  auto const* value = object_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

std::optional<std::string> JsonReader::text(std::string_view name, std::size_t most) {
  auto const* value = take(name);
  if (!value) return {};
  if (!value->is_string()) return blame(name, "it is not a text"), std::nullopt;
  std::string text{value->get_string()};
  if (text.size() > most) return blame(name, "it is too long"), std::nullopt;
  if (text.find('\0') != std::string::npos) return blame(name, "it contains a NUL"), std::nullopt;
  return text;
}

std::optional<std::string> JsonReader::field_value(std::string_view name, std::size_t most) {
  auto words = text(name, most);
  if (!words || words->empty()) return words;
  bool const has_control = std::ranges::any_of(*words, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (has_control || words->front() == ' ' || words->back() == ' ')
    return blame(name, "it has control characters, or a space at its ends"), std::nullopt;
  return words;
}

std::optional<std::int64_t> JsonReader::number(std::string_view name, std::int64_t least, std::int64_t most) {
  auto const* value = take(name);
  if (!value) return {};
  if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most)
    return blame(name, "it is not a whole number in its range"), std::nullopt;
  return value->get_int64();
}

std::optional<bool> JsonReader::truth(std::string_view name) {
  auto const* value = take(name);
  if (!value) return {};
  if (!value->is_bool()) return blame(name, "it is neither true nor false"), std::nullopt;
  return value->get_bool();
}

std::optional<Instant> JsonReader::instant(std::string_view name) {
  auto const words = text(name, 64);
  if (!words) return {};
  auto const at = parse_rfc3339(*words);
  if (!at) blame(name, "it is not a time as in RFC 3339");
  return at;
}

boost::json::object const* JsonReader::object(std::string_view name) {
  auto const* value = take(name);
  if (!value) return nullptr;
  if (!value->is_object()) return blame(name, "it is not an object"), nullptr;
  return &value->get_object();
}

std::optional<std::vector<std::string>> JsonReader::texts(std::string_view name) {
  auto const* value = take(name);
  if (!value) return {};
  std::vector<std::string> all;
  if (!value->is_array()) return blame(name, "it is not a list"), std::nullopt;
  for (auto const& one : value->get_array()) {
    if (!one.is_string() || all.size() >= deepest) return blame(name, "it is not a short list of texts"), std::nullopt;
    all.emplace_back(one.get_string());
  }
  return all;
}

void JsonReader::finish() {
  for (auto const& [name, value] : object_)
    if (!taken_.contains(name)) {
      // The peer's own word is not repeated when it is no plain name.
      bool const plain =
          name.size() <= 64 && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos;
      return blame(plain ? std::string_view(name) : "(unnamed)", "there is no such field");
    }
}

std::optional<boost::json::object> read_object(std::string_view body, std::optional<Problem>& fault) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = deepest;
  auto value = boost::json::parse(body, error, {}, options);
  if (error || !value.is_object()) {
    fault = Problem{.status = 400, .name = "malformed", .detail = "The body is no JSON object."};
    return {};
  }
  return std::move(value.get_object());
}

}  // namespace reveille::arrive
