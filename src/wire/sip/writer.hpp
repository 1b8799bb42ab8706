// Writing SIP messages: from nothing (MessageWriter), in answer to a request (respond), or by forwarding one with edits
// (Forward), into a string that the caller may use again and again.
//
// Safety:   CR and LF cannot be written into a start line or field: the writer then refuses the whole message, so
//           a value taken from a peer can never add a field of its own. The result says so; the string is then empty.
// Lifetime: views given to Forward must live until write().
// Source:   RFC 3261 sections 7, 8.2.6, 16.6 and 20. Threads: one object a thread.
#pragma once

#include "wire/sip/message.hpp"
#include "wire/sip/status.hpp"
#include "wire/sip/via.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reveille::sip {

enum class Written {
  yes,
  line_break,      // a CR or LF in a start line or field
  too_many_edits,  // more than Forward keeps
  too_large        // more than maximum_message
};

class MessageWriter {
 public:
  // Clears `out` and keeps its memory.
  explicit MessageWriter(std::string& out) : out_(out) { out_.clear(); }

  MessageWriter& request_line(std::string_view method, std::string_view uri);
  MessageWriter& request_line(Method method, std::string_view uri) { return request_line(name_of(method), uri); }
  // Without a reason, the registered one.
  MessageWriter& status_line(int status, std::string_view reason = {});
  MessageWriter& header(HeaderName name, std::string_view value) { return header(name_of(name), value); }
  MessageWriter& header(std::string_view name, std::string_view value);
  MessageWriter& header(HeaderName name, std::uint64_t value);
  // The value in pieces.
  MessageWriter& header(HeaderName name, std::initializer_list<std::string_view> pieces);
  // A Via line of a request, its first element marked with where the request came from.
  MessageWriter& received_via(std::string_view line, Source source);
  MessageWriter& cseq(std::uint32_t number, std::string_view method);
  // Each field of that name, as it stands in the message.
  MessageWriter& copy(MessageView const& from, HeaderName name);
  // Bytes that are known to be whole lines of a parsed message.
  MessageWriter& raw(std::string_view lines);

  // Content-Length, the blank line and the body. Content-Type is written only for a body.
  [[nodiscard]] Written finish(std::string_view content_type = {}, std::string_view body = {});

 private:
  void end_line();

  std::string& out_;
  std::size_t lines_ = 0;  // more CR or LF than these came from a value
};

struct ResponseParts {
  int status = 200;
  std::string_view reason = {};
  // Added to To when it has none and the status is not 100 (section 8.2.6.2).
  std::string_view to_tag = {};
  // Where the request came from: marks its topmost Via.
  std::optional<Source> source = {};
};

// Begins a response (section 8.2.6): the start line, all Via, From, To, Call-ID, CSeq, Timestamp for a 100, and
// Record-Route where the response can make a dialog (section 12.1.1). The caller adds what it likes and finishes.
[[nodiscard]] MessageWriter respond(std::string& out, MessageView const& request, ResponseParts const& parts);

class Forward {
 public:
  explicit Forward(MessageView const& message) : message_(message) {}

  Forward& request_uri(std::string_view uri);
  // Marks the topmost Via of the message received, before prepend_via puts one above it.
  Forward& source(Source source);
  Forward& prepend_via(std::string_view via);
  // Takes the topmost Via away, as for a response going back (section 16.7, step 3).
  Forward& pop_via();
  // Takes the topmost route away (section 16.4).
  Forward& pop_route();
  // The first one pushed becomes the topmost.
  Forward& push_route(std::string_view route);
  // The first one becomes the topmost, above those already there.
  Forward& record_route(std::string_view value);
  // Counts down; 70 when the field is absent (section 16.6, step 3). Never below 0.
  Forward& decrement_max_forwards();
  Forward& remove(HeaderName name);
  Forward& remove(std::string_view name);
  // One field of that name in the place of all.
  Forward& replace(HeaderName name, std::string_view value);
  // Behind the fields of the message.
  Forward& add(HeaderName name, std::string_view value) { return add(name_of(name), value); }
  Forward& add(std::string_view name, std::string_view value);
  Forward& body(std::string_view content_type, std::string_view body);

  [[nodiscard]] Written write(std::string& out) const;

 private:
  enum class Kind : std::uint8_t { via, route, record_route, remove, replace, add };
  struct Edit {
    Kind kind = Kind::add;
    HeaderName id = HeaderName::other;
    std::string_view name = {};
    std::string_view value = {};
  };
  static constexpr std::size_t most_edits = 32;

  Forward& edit(Edit const& one);
  [[nodiscard]] std::span<Edit const> edits() const { return {edits_.data(), count_}; }
  [[nodiscard]] bool is_removed(HeaderView const& field) const;
  void write_start(MessageWriter& writer) const;
  void write_fields(MessageWriter& writer) const;
  // True when the field needs to be written in another form, and was.
  bool write_changed(MessageWriter& writer, HeaderView const& field) const;
  void write_list_tail(MessageWriter& writer, HeaderView const& field) const;

  MessageView const& message_;
  std::string_view request_uri_ = {};
  std::optional<Source> source_ = {};
  std::optional<std::string_view> content_type_ = {};
  std::string_view body_ = {};
  std::bitset<header_names> touched_ = {};
  std::bitset<header_names> popped_ = {};
  bool too_many_ = false;
  std::size_t count_ = 0;
  std::array<Edit, most_edits> edits_ = {};
};

}  // namespace reveille::sip
