#include "wire/sip/cseq.hpp"
#include "wire/sip/writer.hpp"

#include <algorithm>

namespace reveille::sip {
namespace {

using enum HeaderName;

constexpr std::uint8_t default_max_forwards = 70;

constexpr std::size_t index_of(HeaderName name) {
  return static_cast<std::size_t>(name);
}

}  // namespace

Forward& Forward::edit(Edit const& one) {
  if (count_ == most_edits)
    too_many_ = true;
  else
    edits_[count_++] = one;
  return *this;
}

Forward& Forward::request_uri(std::string_view uri) {
  request_uri_ = uri;
  return *this;
}

Forward& Forward::source(Source source) {
  source_ = source;
  touched_.set(index_of(via));
  return *this;
}

Forward& Forward::prepend_via(std::string_view value) {
  return edit({.kind = Kind::via, .value = value});
}

Forward& Forward::pop_via() {
  popped_.set(index_of(via));
  touched_.set(index_of(via));
  return *this;
}

Forward& Forward::pop_route() {
  popped_.set(index_of(route));
  touched_.set(index_of(route));
  return *this;
}

Forward& Forward::push_route(std::string_view value) {
  return edit({.kind = Kind::route, .value = value});
}

Forward& Forward::record_route(std::string_view value) {
  return edit({.kind = Kind::record_route, .value = value});
}

Forward& Forward::decrement_max_forwards() {
  touched_.set(index_of(max_forwards));
  return *this;
}

Forward& Forward::remove(HeaderName name) {
  touched_.set(index_of(name));
  return edit({.kind = Kind::remove, .id = name});
}

Forward& Forward::remove(std::string_view name) {
  if (auto const known = header_named(name); known != other) return remove(known);
  touched_.set(index_of(other));
  return edit({.kind = Kind::remove, .name = name});
}

Forward& Forward::replace(HeaderName name, std::string_view value) {
  touched_.set(index_of(name));
  return edit({.kind = Kind::replace, .id = name, .value = value});
}

Forward& Forward::add(std::string_view name, std::string_view value) {
  return edit({.kind = Kind::add, .name = name, .value = value});
}

Forward& Forward::body(std::string_view content_type, std::string_view body) {
  content_type_ = content_type;
  body_ = body;
  touched_.set(index_of(HeaderName::content_type));
  return *this;
}

bool Forward::is_removed(HeaderView const& field) const {
  if (field.id == content_length) return true;  // written anew, once
  if (content_type_ && field.id == HeaderName::content_type) return true;
  return std::ranges::any_of(edits(), [&field](Edit const& one) {
    if (one.kind != Kind::remove && one.kind != Kind::replace) return false;
    return one.id == field.id && (one.id != other || equal_ignoring_case(one.name, field.name));
  });
}

void Forward::write_start(MessageWriter& writer) const {
  if (message_.is_request())
    writer.request_line(message_.method_text(), request_uri_.empty() ? message_.request_uri() : request_uri_);
  else
    writer.status_line(message_.status(), message_.reason());
  for (auto const kind : {Kind::via, Kind::record_route, Kind::route}) {
    auto const name = kind == Kind::via ? via : kind == Kind::route ? route : HeaderName::record_route;
    for (auto const& one : edits())
      if (one.kind == kind) writer.header(name, one.value);
  }
}

// The first element of a line is gone, or marked; the others stay.
void Forward::write_list_tail(MessageWriter& writer, HeaderView const& field) const {
  if (!popped_.test(index_of(field.id))) {
    writer.received_via(field.value, *source_);
    return;
  }
  auto const end = find_outside(field.value, ',');
  auto const tail = end < field.value.size() ? trim(field.value.substr(end + 1)) : std::string_view{};
  if (!tail.empty()) writer.header(field.id, tail);
}

bool Forward::write_changed(MessageWriter& writer, HeaderView const& field) const {
  auto const is_first = field.value.data() == message_.text(field.id).data();
  if (is_first && (popped_.test(index_of(field.id)) || (field.id == via && source_))) {
    write_list_tail(writer, field);
    return true;
  }
  if (field.id == max_forwards && touched_.test(index_of(max_forwards)) && !is_removed(field)) {
    auto const hops = parse_max_forwards(field.value).value_or(default_max_forwards + 1);
    writer.header(max_forwards, std::uint64_t{hops} - (hops > 0 ? 1 : 0));
    return true;
  }
  return is_removed(field);
}

// Fields that nothing touches are copied in runs, line ends and all.
void Forward::write_fields(MessageWriter& writer) const {
  char const* run = nullptr;
  char const* run_end = nullptr;
  auto const flush = [&] {
    if (run != nullptr) writer.raw({run, static_cast<std::size_t>(run_end - run)}).raw("\r\n");
    run = nullptr;
  };
  for (std::size_t i = 0; i < message_.header_count(); ++i) {
    auto const field = message_.header(i);
    if (field.id == content_length || touched_.test(index_of(field.id))) {
      flush();
      if (write_changed(writer, field)) continue;
    }
    auto const line = message_.line(i);
    if (run == nullptr) run = line.data();
    run_end = line.data() + line.size();
  }
  flush();
}

Written Forward::write(std::string& out) const {
  if (too_many_) {
    out.clear();
    return Written::too_many_edits;
  }
  MessageWriter writer(out);
  write_start(writer);
  write_fields(writer);
  if (touched_.test(index_of(max_forwards)) && !message_.has(max_forwards))
    writer.header(max_forwards, std::uint64_t{default_max_forwards});
  for (auto const& one : edits()) {
    if (one.kind == Kind::replace) writer.header(one.id, one.value);
    if (one.kind == Kind::add) writer.header(one.name, one.value);
  }
  if (content_type_) return writer.finish(*content_type_, body_);
  return writer.finish({}, message_.body());
}

}  // namespace reveille::sip
