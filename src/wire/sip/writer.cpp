#include "wire/sip/writer.hpp"

#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"

#include <algorithm>
#include <charconv>

namespace reveille::sip {
namespace {

constexpr std::string_view version = "SIP/2.0";

// CRs and LFs, in blocks whose count fits a byte, so that sixteen are looked at at once.
std::size_t count_line_ends(std::string_view text) {
  constexpr std::size_t block = 240;
  std::size_t count = 0;
  for (; !text.empty(); text.remove_prefix(std::min(block, text.size()))) {
    std::uint8_t in_block = 0;
    for (char const c : text.substr(0, block)) in_block += static_cast<std::uint8_t>((c == '\r') | (c == '\n'));
    count += in_block;
  }
  return count;
}

struct Digits {
  explicit Digits(std::uint64_t value)
      : size(static_cast<std::size_t>(std::to_chars(text.data(), text.data() + text.size(), value).ptr - text.data())) {
  }
  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }

  std::array<char, 20> text = {};
  std::size_t size = 0;
};

// Responses that can make a dialog copy the route set (RFC 3261 section 12.1.1, RFC 6665 section 4.4.1, RFC 3515).
bool can_make_dialog(Method method, int status) {
  using enum Method;
  if (status == 100 || status >= 300) return false;
  return method == invite || method == subscribe || method == notify || method == refer;
}

// What the request lacks its response does not make up.
void echo(MessageWriter& writer, MessageView const& request, HeaderName name) {
  if (request.has(name)) writer.header(name, request.text(name));
}

}  // namespace

void MessageWriter::end_line() {
  out_ += "\r\n";
  ++lines_;
}

MessageWriter& MessageWriter::request_line(std::string_view method, std::string_view uri) {
  (((out_ += method) += ' ') += uri) += ' ';
  out_ += version;
  end_line();
  return *this;
}

MessageWriter& MessageWriter::status_line(int status, std::string_view reason) {
  ((out_ += version) += ' ') += Digits(static_cast<std::uint64_t>(status)).view();
  (out_ += ' ') += reason.empty() ? reason_of(status) : reason;
  end_line();
  return *this;
}

MessageWriter& MessageWriter::header(std::string_view name, std::string_view value) {
  ((out_ += name) += ": ") += value;
  end_line();
  return *this;
}

MessageWriter& MessageWriter::header(HeaderName name, std::uint64_t value) {
  return header(name_of(name), Digits(value).view());
}

MessageWriter& MessageWriter::header(HeaderName name, std::initializer_list<std::string_view> pieces) {
  (out_ += name_of(name)) += ": ";
  for (auto const piece : pieces) out_ += piece;
  end_line();
  return *this;
}

MessageWriter& MessageWriter::received_via(std::string_view line, Source source) {
  auto const end = find_outside(line, ',');
  out_ += "Via: ";
  append_received(out_, line.substr(0, end), source);
  out_ += line.substr(end);
  end_line();
  return *this;
}

MessageWriter& MessageWriter::cseq(std::uint32_t number, std::string_view method) {
  (((out_ += "CSeq: ") += Digits(number).view()) += ' ') += method;
  end_line();
  return *this;
}

MessageWriter& MessageWriter::copy(MessageView const& from, HeaderName name) {
  for (auto const value : from.all(name)) header(name, value);
  return *this;
}

MessageWriter& MessageWriter::raw(std::string_view lines) {
  out_ += lines;
  lines_ += static_cast<std::size_t>(std::ranges::count(lines, '\n'));
  return *this;
}

Written MessageWriter::finish(std::string_view content_type, std::string_view body) {
  if (!body.empty() && !content_type.empty()) header(HeaderName::content_type, content_type);
  (out_ += "Content-Length: ") += Digits(body.size()).view();
  end_line();
  end_line();
  bool const broken = count_line_ends(out_) != 2 * lines_;
  out_ += body;
  if (!broken && out_.size() <= maximum_message) return Written::yes;
  out_.clear();
  return broken ? Written::line_break : Written::too_large;
}

MessageWriter respond(std::string& out, MessageView const& request, ResponseParts const& parts) {
  MessageWriter writer(out);
  writer.status_line(parts.status, parts.reason);
  // 8.2.6.2. Via, From, Call-ID and CSeq equal those of the request, Via in its order; To too, with a tag of ours.
  auto source = parts.source;
  for (auto const via : request.all(HeaderName::via)) {
    if (source)
      writer.received_via(via, *source);
    else
      writer.header(HeaderName::via, via);
    source.reset();
  }
  if (can_make_dialog(request.method(), parts.status)) writer.copy(request, HeaderName::record_route);
  echo(writer, request, HeaderName::from);
  auto const to = request.text(HeaderName::to);
  if (to.empty() || parts.status == 100 || parts.to_tag.empty() || !tag_of(to).empty())
    echo(writer, request, HeaderName::to);
  else
    writer.header(HeaderName::to, {to, ";tag=", parts.to_tag});
  echo(writer, request, HeaderName::call_id);
  echo(writer, request, HeaderName::cseq);
  // 8.2.6.1. A Timestamp must be copied into a 100.
  if (parts.status == 100) writer.copy(request, HeaderName::timestamp);
  return writer;
}

}  // namespace reveille::sip
