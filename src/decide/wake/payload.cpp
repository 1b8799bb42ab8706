#include "decide/wake/payload.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace reveille::decide {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

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
    auto const size = utf8_length(text);
    if (size == 0) out += replacement_character;
    if (size == 1) append_escaped(out, text[0]);
    if (size > 1) out += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out + '"';
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
  if (!payload.from_name.empty()) from.text("name", cut_utf8(payload.from_name, most_name_bytes));
  from.text("address", cut_utf8(payload.from_address, most_address_bytes));
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
