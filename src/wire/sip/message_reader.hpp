// MessageReader: the one pass over a message's start line and header section that parse_datagram and StreamFramer
// share. Lifetime: of one call. Errors: ParseFault. Source: RFC 3261 section 7.
#pragma once

#include "wire/sip/message.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace reveille::sip {

class MessageReader {
 public:
  MessageReader(std::span<char> bytes, MessageView& message);

  // Start line and header fields to the blank line. Goes on after a fault as far as it can, and returns the first.
  [[nodiscard]] std::optional<ParseFault> read_head();
  // What Content-Length says: nothing when it is absent or wrong; `fault` is then set when it is wrong.
  [[nodiscard]] std::optional<std::size_t> content_length(std::optional<ParseFault>& fault) const;
  // The place behind the blank line.
  [[nodiscard]] std::size_t head_size() const { return at_; }
  void set_body(std::size_t size);
  [[nodiscard]] Answerable answerable() const;

 private:
  enum class Found { header, blank_line, end };

  std::optional<ParseFault> read_start_line();
  std::optional<ParseFault> read_request_line(std::string_view line);
  std::optional<ParseFault> read_status_line(std::string_view line);
  Found next_line(std::string_view& line);
  std::optional<ParseFault> read_header(std::string_view line);
  [[nodiscard]] bool has_stray_line_ends() const;
  [[nodiscard]] MessageView::Piece piece(std::string_view text) const;

  char* base_;
  std::size_t size_;
  std::size_t at_ = 0;
  std::size_t line_ends_ = 0;
  bool has_bare_line_feed_ = false;
  MessageView& message_;
};

}  // namespace reveille::sip
