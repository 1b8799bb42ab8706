#include "decide/wake/payload.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace reveille::decide {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view digits = "0123456789abcdef";

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// The length of the well-formed UTF-8 character (RFC 3629 section 4) that `text` begins with; 0 when there is none.
std::size_t character_length(std::string_view text) {
  auto const lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  std::size_t const size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  if (!std::ranges::all_of(text.substr(1, size - 1), is_continuation)) return 0;
  auto const second = static_cast<unsigned char>(text[1]);
  // Overlong forms, surrogates, and what is above U+10FFFF.
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return size;
}

void append_escaped(std::string& out, char c) {
  auto const code = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (code < 0x20 || code == 0x7F) {
    out += "\\u00";
    out += digits[code >> 4U];
    out += digits[code & 0xFU];
  } else {
    out += c;
  }
}

}  // namespace

std::string quote_json(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    auto const size = character_length(text);
    if (size == 0) out += replacement;
    if (size == 1) append_escaped(out, text[0]);
    if (size > 1) out += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out + '"';
}

std::string_view cut_at_character(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && is_continuation(text[most])) --most;
  return text.substr(0, most);
}

void JsonObject::name(std::string_view text) {
  if (!fields_.empty()) fields_ += ',';
  (fields_ += quote_json(text)) += ':';
}

JsonObject& JsonObject::text(std::string_view field, std::string_view value) {
  name(field);
  fields_ += quote_json(value);
  return *this;
}

JsonObject& JsonObject::number(std::string_view field, std::uint64_t value) {
  name(field);
  fields_ += std::to_string(value);
  return *this;
}

JsonObject& JsonObject::object(std::string_view field, JsonObject const& value) {
  name(field);
  fields_ += value.write();
  return *this;
}

JsonObject& JsonObject::texts(std::string_view field, std::vector<std::string> const& values) {
  name(field);
  fields_ += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) fields_ += ',';
    fields_ += quote_json(values[i]);
  }
  fields_ += ']';
  return *this;
}

std::string write_payload(CallPayload const& payload) {
  JsonObject from;
  if (!payload.from_name.empty()) from.text("name", cut_at_character(payload.from_name, most_name_bytes));
  from.text("address", cut_at_character(payload.from_address, most_address_bytes));
  JsonObject out;
  out.number("v", 1).text("type", payload.type).text("call_uuid", payload.call_uuid);
  out.text("tracking_id", payload.tracking_id).object("from", from).text("media", payload.media);
  if (payload.type == "call") {
    auto nodes = payload.nodes;
    nodes.resize(std::min(nodes.size(), most_nodes));
    out.texts("nodes", nodes);
  }
  return out.text("deadline", format_rfc3339(payload.deadline)).write();
}

}  // namespace reveille::decide
