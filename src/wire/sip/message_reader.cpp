#include "wire/sip/message_reader.hpp"

#include <algorithm>
#include <cstring>

namespace reveille::sip {
namespace {

// "SIP/2.0" in any case (RFC 3261 section 7.1).
constexpr std::string_view version_text = "SIP/2.0";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// What cannot stand in a URI would make the line ambiguous.
bool may_be_in_uri(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '<' && c != '>' && c != '"';
}

// SIP-Version of another number: it deserves 505, not 400.
bool is_other_version(std::string_view text) {
  if (text.size() < 7 || !equal_ignoring_case(text.substr(0, 4), "SIP/")) return false;
  auto const dot = text.find('.', 4);
  return dot != text.npos && dot > 4 && dot + 1 < text.size() &&
         all_of_class(text.substr(4, dot - 4), character::digit) &&
         all_of_class(text.substr(dot + 1), character::digit);
}

// OPTIMIZATION: in blocks whose count fits a byte, which the compiler turns into byte-wide vector code: this pass over
// the whole header section then costs a tenth of a plain count.
std::size_t count_of(std::string_view text, char wanted) {
  std::size_t count = 0;
  while (!text.empty()) {
    auto const block = text.substr(0, 128);
    unsigned char found = 0;
    for (char const c : block) found = static_cast<unsigned char>(found + (c == wanted ? 1 : 0));
    count += found;
    text.remove_prefix(block.size());
  }
  return count;
}

}  // namespace

MessageReader::MessageReader(std::span<char> bytes, MessageView& message)
    : base_(bytes.data()), size_(bytes.size()), message_(message) {
  message_.base_ = base_;
  message_.body_at_ = message_.body_size_ = 0;
  message_.start_ = {};
  message_.count_ = 0;
  message_.first_.fill(MessageView::none);
}

MessageView::Piece MessageReader::piece(std::string_view text) const {
  return {.at = static_cast<std::uint16_t>(text.data() - base_), .size = static_cast<std::uint16_t>(text.size())};
}

std::optional<ParseFault> MessageReader::read_head() {
  auto fault = read_start_line();
  std::string_view line;
  for (;;) {
    auto const found = next_line(line);
    if (found == Found::blank_line) break;
    if (found == Found::end) {
      // COMPAT: some senders of datagrams leave out the blank line when there is no body.
      if (at_ != size_ || message_.count_ == 0) return fault ? fault : ParseFault::incomplete;
      break;
    }
    if (auto const wrong = read_header(line); wrong && !fault) fault = wrong;
    if (fault == ParseFault::too_many_headers) return fault;
  }
  message_.body_at_ = static_cast<std::uint32_t>(at_);
  if (!fault && has_stray_line_ends()) fault = ParseFault::line_end;
  return fault;
}

// A CR that belongs to no LF, or an LF without CR, is a line end to some readers and none to others: a way to smuggle
// fields past one of them. Both are refused.
bool MessageReader::has_stray_line_ends() const {
  return has_bare_line_feed_ || count_of({base_, at_}, '\r') != line_ends_;
}

// Finds the next line and undoes folds in it: a line that begins with white space continues the one before.
MessageReader::Found MessageReader::next_line(std::string_view& line) {
  auto const begin = at_;
  for (;;) {
    auto const* const end = static_cast<char const*>(std::memchr(base_ + at_, '\n', size_ - at_));
    if (end == nullptr) {
      at_ = begin;
      return Found::end;
    }
    auto const lf = static_cast<std::size_t>(end - base_);
    auto const stop = lf > begin && base_[lf - 1] == '\r' ? lf - 1 : lf;
    if (stop == lf)
      has_bare_line_feed_ = true;
    else
      ++line_ends_;
    at_ = lf + 1;
    if (stop == begin) return Found::blank_line;
    if (at_ == size_ || !is_blank(base_[at_])) {
      line = {base_ + begin, stop - begin};
      return Found::header;
    }
    if (stop != lf) --line_ends_;
    base_[stop] = base_[lf] = ' ';
  }
}

std::optional<ParseFault> MessageReader::read_start_line() {
  auto const* const end = static_cast<char const*>(std::memchr(base_, '\n', size_));
  if (end == nullptr) return size_ > maximum_message / 2 ? ParseFault::too_large : ParseFault::incomplete;
  auto const lf = static_cast<std::size_t>(end - base_);
  at_ = lf + 1;
  if (lf == 0 || base_[lf - 1] != '\r') return ParseFault::line_end;
  ++line_ends_;
  std::string_view const line(base_, lf - 1);
  message_.start_.size = static_cast<std::uint16_t>(line.size());
  if (line.size() > 4 && equal_ignoring_case(line.substr(0, 4), "SIP/")) return read_status_line(line);
  return read_request_line(line);
}

// Request-Line = Method SP Request-URI SP SIP-Version CRLF, with exactly these spaces (RFC 3261 section 7.1).
std::optional<ParseFault> MessageReader::read_request_line(std::string_view line) {
  auto const first = line.find(' ');
  auto const last = line.rfind(' ');
  if (first == line.npos || first == last) return ParseFault::start_line;
  auto const method = line.substr(0, first);
  auto const uri = line.substr(first + 1, last - first - 1);
  auto const version = line.substr(last + 1);
  if (!is_token(method)) return ParseFault::start_line;
  message_.start_.method = method_named(method);
  message_.start_.first = piece(method);
  message_.start_.second = piece(uri);
  if (uri.empty() || !std::ranges::all_of(uri, may_be_in_uri)) return ParseFault::start_line;
  if (equal_ignoring_case(version, version_text)) return {};
  return is_other_version(version) ? ParseFault::version : ParseFault::start_line;
}

// Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF (RFC 3261 section 7.2).
// COMPAT: a missing space behind the code is accepted.
std::optional<ParseFault> MessageReader::read_status_line(std::string_view line) {
  message_.start_.status = 1;  // a response in any case, so that nobody answers it
  auto const space = line.find(' ');
  auto const version = line.substr(0, space);
  message_.start_.first = piece(version);
  if (space == line.npos) return ParseFault::start_line;
  auto const rest = line.substr(space + 1);
  auto const code = rest.substr(0, rest.find(' '));
  message_.start_.second = piece(rest.substr(std::min(rest.size(), code.size() + 1)));
  auto const number = parse_number(code);
  if (code.size() != 3 || !number || *number < 100 || *number > 699) return ParseFault::status_code;
  message_.start_.status = static_cast<std::uint16_t>(*number);
  if (equal_ignoring_case(version, version_text)) return {};
  return is_other_version(version) ? ParseFault::version : ParseFault::start_line;
}

// message-header = name HCOLON value (RFC 3261 section 7.3.1).
std::optional<ParseFault> MessageReader::read_header(std::string_view line) {
  auto const colon = line.find(':');
  if (colon == line.npos) return ParseFault::header;
  auto name = line.substr(0, colon);
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  auto const id = header_named(name);
  if (id == HeaderName::other && !is_token(name)) return ParseFault::header;
  if (message_.count_ == maximum_headers) return ParseFault::too_many_headers;

  auto const value = trim_blanks(line.substr(colon + 1));
  auto const index = message_.count_++;
  message_.entries_[index] = {.name = piece(name), .value = piece(value), .id = static_cast<std::uint8_t>(id)};
  auto& first = message_.first_[static_cast<std::size_t>(id)];
  if (first == MessageView::none) first = index;
  return {};
}

std::optional<std::size_t> MessageReader::content_length(std::optional<ParseFault>& fault) const {
  std::optional<std::size_t> length;
  for (auto const value : message_.all(HeaderName::content_length)) {
    auto const number = parse_number(value);
    if (!number || (length && *length != *number)) {
      fault = ParseFault::content_length;
      return {};
    }
    length = *number;
  }
  return length;
}

void MessageReader::set_body(std::size_t size) {
  message_.body_at_ = static_cast<std::uint32_t>(at_);
  message_.body_size_ = static_cast<std::uint32_t>(size);
}

Answerable MessageReader::answerable() const {
  using enum HeaderName;
  for (auto const name : {via, from, to, call_id, cseq})
    if (!message_.has(name)) return Answerable::no;
  // A response is never answered, nor is ACK (RFC 3261 section 17).
  return message_.is_request() && message_.method() != Method::ack ? Answerable::yes : Answerable::no;
}

}  // namespace reveille::sip
