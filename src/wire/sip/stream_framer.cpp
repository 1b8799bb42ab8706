#include "wire/sip/stream_framer.hpp"

#include "wire/sip/message_reader.hpp"

#include <algorithm>

namespace reveille::sip {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";

}  // namespace

void StreamFramer::feed(std::span<char> bytes) {
  // What was fed before the end may be gone by now, and nothing more is read.
  if (dead_) return;
  keep_rest();
  if (kept_.empty()) {
    fed_ = bytes;
  } else {
    kept_.append(bytes.data(), bytes.size());
    fed_ = kept_;
  }
}

void StreamFramer::consume(std::size_t size) {
  fed_ = fed_.subspan(size);
  scanned_ = wanted_ = 0;
  head_fault_.reset();
}

// Copies what is left of the caller's bytes, or drops what is consumed of our own.
StreamFramer::Event StreamFramer::keep_rest() {
  if (fed_.empty()) {
    kept_ = {};
  } else if (kept_.empty()) {
    kept_.assign(fed_.data(), fed_.size());
  } else {
    kept_.erase(0, kept_.size() - fed_.size());
  }
  fed_ = kept_;
  return Event::need_more;
}

StreamFramer::Event StreamFramer::fail(ParseFault fault, Answerable answerable) {
  error_ = error_of(fault, answerable);
  dead_ = true;
  return Event::fatal;
}

// RFC 5626 section 3.5.1: between messages a double CRLF is a ping and a single one a pong. A single one is also the
// blank that RFC 3261 section 7.5 lets stand before a message.
std::optional<StreamFramer::Event> StreamFramer::take_keep_alive() {
  std::string_view const text(fed_.data(), fed_.size());
  if (!text.starts_with(keep_alive_pong)) {
    if (text == "\r" || text.empty()) return keep_rest();
    return {};
  }
  if (side_ == Side::server) {
    if (text.starts_with(keep_alive_ping)) {
      consume(keep_alive_ping.size());
      return Event::ping;
    }
    if (text.size() < keep_alive_ping.size() && keep_alive_ping.starts_with(text)) return keep_rest();
  }
  consume(keep_alive_pong.size());
  return Event::pong;
}

StreamFramer::Event StreamFramer::next(MessageView& message) {
  if (dead_) return Event::fatal;
  if (wanted_ > fed_.size()) return keep_rest();
  if (scanned_ == 0)
    if (auto const event = take_keep_alive()) return *event;

  std::string_view const text(fed_.data(), std::min(fed_.size(), maximum_message));
  auto const from = scanned_ < head_end.size() ? 0 : scanned_ - head_end.size();
  auto const end = text.find(head_end, from);
  if (end == text.npos) {
    if (fed_.size() >= maximum_message) return fail(ParseFault::too_large, Answerable::no);
    scanned_ = fed_.size();
    return keep_rest();
  }
  return take_message(message, end + head_end.size());
}

StreamFramer::Event StreamFramer::take_message(MessageView& message, std::size_t head_size) {
  MessageReader reader(fed_.first(head_size), message);
  auto fault = reader.read_head();
  // Read for the second time: the folds are undone, and a line end in one that was none is not seen any more.
  if (head_fault_) fault = head_fault_;
  std::optional<ParseFault> length_fault;
  auto const length = reader.content_length(length_fault);
  // Without a length nobody can tell where the next message begins.
  if (length_fault) return fail(*length_fault, reader.answerable());
  if (!length) return fail(fault.value_or(ParseFault::content_length_missing), reader.answerable());
  if (fault == ParseFault::too_many_headers) return fail(*fault, reader.answerable());
  if (*length > maximum_message - head_size) return fail(ParseFault::too_large, reader.answerable());

  wanted_ = head_size + *length;
  if (wanted_ > fed_.size()) {
    scanned_ = head_size;
    head_fault_ = fault;
    return keep_rest();
  }
  reader.set_body(*length);
  consume(wanted_);
  if (!fault) return Event::message;
  error_ = error_of(*fault, reader.answerable());
  return Event::broken;
}

}  // namespace reveille::sip
