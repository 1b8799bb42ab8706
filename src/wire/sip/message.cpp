#include "wire/sip/message.hpp"

#include "wire/sip/message_reader.hpp"

#include <cstring>
#include <utility>

namespace reveille::sip {

ParseError error_of(ParseFault fault, Answerable answerable) {
  using enum ParseFault;
  auto const make = [&](int status, std::string_view reason) {
    return ParseError{.fault = fault, .answerable = answerable, .status = status, .reason = reason};
  };
  switch (fault) {
    case keep_alive: return make(0, "");
    case start_line: return make(400, "Bad Request Line");
    case version: return make(505, "Version Not Supported");
    case status_code: return make(0, "");
    case header: return make(400, "Bad Header Field");
    case line_end: return make(400, "Bad Line End");
    case too_many_headers: return make(513, "Message Too Large");
    case too_large: return make(513, "Message Too Large");
    case incomplete: return make(400, "Incomplete Message");
    case content_length: return make(400, "Bad Content-Length");
    case content_length_missing: return make(400, "Missing Content-Length");
    case body_short: return make(400, "Body Shorter Than Content-Length");
  }
  std::unreachable();
}

void MessageView::copy_from(MessageView const& other) {
  base_ = other.base_;
  body_at_ = other.body_at_;
  body_size_ = other.body_size_;
  start_ = other.start_;
  count_ = other.count_;
  first_ = other.first_;
  std::memcpy(entries_.data(), other.entries_.data(), count_ * sizeof(Entry));
}

std::optional<std::string_view> MessageView::first(std::string_view name) const {
  if (auto const known = header_named(name); known != HeaderName::other) return first(known);
  for (auto const field : headers())
    if (equal_ignoring_case(field.name, name)) return field.value;
  return {};
}

std::size_t MessageView::count(HeaderName name) const {
  std::size_t found = 0;
  for ([[maybe_unused]] auto const value : all(name)) ++found;
  return found;
}

bool MessageView::holds(HeaderName name, std::string_view token) const {
  for (auto const value : all(name))
    if (list_holds(value, token)) return true;
  return false;
}

std::string_view MessageView::line(std::size_t index) const {
  auto const& entry = entries_[index];
  return at(entry.name.at, static_cast<std::size_t>(entry.value.at + entry.value.size - entry.name.at));
}

bool MessageView::replaced(std::string& out, std::string_view part, std::string_view text, MessageView& changed) const {
  std::string_view const whole = bytes();
  if (whole.size() - part.size() + text.size() > maximum_message) return false;
  auto const place = static_cast<std::size_t>(part.data() - whole.data());
  out.assign(whole.substr(0, place)).append(text).append(whole.substr(place + part.size()));
  changed = *this;
  changed.base_ = out.data();
  // Modulo 2^16 and 2^32, as a shorter text needs it.
  auto const longer = static_cast<std::uint32_t>(text.size() - part.size());
  for (auto& entry : std::span(changed.entries_).first(count_)) {
    if (entry.name.at > place) entry.name.at = static_cast<std::uint16_t>(entry.name.at + longer);
    auto& value = entry.value;
    if (value.at <= place && place < std::size_t{value.at} + value.size)
      value.size = static_cast<std::uint16_t>(value.size + longer);
    else if (value.at > place)
      value.at = static_cast<std::uint16_t>(value.at + longer);
  }
  changed.body_at_ += longer;
  return true;
}

namespace {

bool is_keep_alive(std::span<char> bytes) {
  return std::ranges::all_of(bytes, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

std::expected<void, ParseError> parse_datagram(std::span<char> bytes, MessageView& message) {
  // RFC 3261 section 7.5: CR LF before the start line is ignored.
  while (bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n') bytes = bytes.subspan(2);
  MessageReader reader(bytes.first(std::min(bytes.size(), maximum_message)), message);
  auto const fail = [&reader](ParseFault fault) { return std::unexpected(error_of(fault, reader.answerable())); };

  if (is_keep_alive(bytes.first(std::min(bytes.size(), std::size_t{8})))) return fail(ParseFault::keep_alive);
  if (auto fault = reader.read_head()) return fail(*fault);
  if (bytes.size() > maximum_message) return fail(ParseFault::too_large);

  std::optional<ParseFault> fault;
  auto const rest = bytes.size() - reader.head_size();
  auto const length = reader.content_length(fault);
  if (fault) return fail(*fault);
  if (length && *length > rest) return fail(ParseFault::body_short);
  reader.set_body(length.value_or(rest));
  return {};
}

}  // namespace reveille::sip
