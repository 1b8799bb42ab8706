// MessageView: a SIP message in bytes that somebody else keeps (RFC 3261 section 7).
//
// What:     start line, header fields in their order and body, as places in the bytes. Parsing allocates nothing and
//           copies nothing. Line folding is undone *in place*: the CR, LF of a fold become spaces, as section 7.3.1
//           allows. So no header value ever holds CR or LF, and a value may be written out again as it is.
// Lifetime: a view is good as long as the bytes are where they were; Message (owned_message.hpp) keeps its own.
// Limits:   maximum_message bytes with the body, maximum_headers fields.
// Errors:   ParseError; the view holds what could be read, and `answerable` says whether that is enough to answer.
// Threads:  any.
#pragma once

#include "wire/sip/header_name.hpp"
#include "wire/sip/method.hpp"
#include "wire/sip/parse_error.hpp"
#include "wire/sip/syntax.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

namespace reveille::sip {

inline constexpr std::size_t maximum_message = 65'535;
inline constexpr std::size_t maximum_headers = 128;

struct HeaderView {
  HeaderName id = HeaderName::other;
  std::string_view name = {};
  std::string_view value = {};  // without white space around it
};

class MessageView {
 public:
  MessageView() { first_.fill(none); }
  MessageView(MessageView const& other) { copy_from(other); }
  MessageView& operator=(MessageView const& other) {
    if (this != &other) copy_from(other);
    return *this;
  }
  ~MessageView() = default;

  [[nodiscard]] bool is_request() const { return start_.status == 0; }
  [[nodiscard]] bool is_response() const { return start_.status != 0; }

  // Of a request.
  [[nodiscard]] Method method() const { return start_.method; }
  [[nodiscard]] std::string_view method_text() const { return is_request() ? at(start_.first) : std::string_view{}; }
  [[nodiscard]] std::string_view request_uri() const { return is_request() ? at(start_.second) : std::string_view{}; }
  // Of a response: the status (100 to 699; 0 for a request) and its reason phrase.
  [[nodiscard]] int status() const { return start_.status; }
  [[nodiscard]] std::string_view reason() const { return is_response() ? at(start_.second) : std::string_view{}; }

  [[nodiscard]] std::size_t header_count() const { return count_; }
  [[nodiscard]] HeaderView header(std::size_t index) const {
    auto const& entry = entries_[index];
    return {.id = static_cast<HeaderName>(entry.id), .name = at(entry.name), .value = at(entry.value)};
  }

  // The value of the first field of that name; nothing when there is none.
  [[nodiscard]] std::optional<std::string_view> first(HeaderName name) const {
    auto const index = first_[static_cast<std::size_t>(name)];
    return index == none ? std::nullopt : std::optional(at(entries_[index].value));
  }
  // The value, or an empty text.
  [[nodiscard]] std::string_view text(HeaderName name) const { return first(name).value_or(std::string_view{}); }
  // By text, for fields that are `other`.
  [[nodiscard]] std::optional<std::string_view> first(std::string_view name) const;
  [[nodiscard]] bool has(HeaderName name) const { return first_[static_cast<std::size_t>(name)] != none; }
  [[nodiscard]] std::size_t count(HeaderName name) const;

  // `for (HeaderView field : message.headers())`, `for (std::string_view value : message.all(HeaderName::via))`.
  // `for (std::string_view element : message.elements(HeaderName::route))`: over all lines and commas.
  class Headers;
  class All;
  class ElementsOfAll;
  [[nodiscard]] Headers headers() const;
  [[nodiscard]] All all(HeaderName name) const;
  [[nodiscard]] ElementsOfAll elements(HeaderName name) const;
  // True when a list field (Supported, Require, Allow) holds the token on any of its lines.
  [[nodiscard]] bool holds(HeaderName name, std::string_view token) const;

  [[nodiscard]] std::string_view body() const { return at(body_at_, body_size_); }
  // Everything from the start line to the end of the body.
  [[nodiscard]] std::string_view bytes() const { return at(0, body_at_ + body_size_); }
  // The field's line without its CR LF; and the start line likewise.
  [[nodiscard]] std::string_view line(std::size_t index) const;
  [[nodiscard]] std::string_view start_line() const { return at(0, start_.size); }

  [[nodiscard]] std::string_view call_id() const { return text(HeaderName::call_id); }

  // This message with another text in the place of a part of one field's value, written to `out` and a view of it;
  // false when it would be too long. The text holds no CR or LF.
  [[nodiscard]] bool replaced(std::string& out, std::string_view part, std::string_view text,
                              MessageView& changed) const;

 private:
  friend class Message;
  friend class MessageReader;

  static constexpr std::uint8_t none = 0xff;
  static_assert(maximum_headers < none);

  struct Piece {
    std::uint16_t at = 0;
    std::uint16_t size = 0;
  };
  // Not initialised: only the first count_ entries have a meaning.
  struct Entry {
    Piece name;
    Piece value;
    std::uint8_t id;
  };
  struct Start {
    Piece first = {};   // method text, or version
    Piece second = {};  // Request-URI, or reason phrase
    std::uint16_t status = 0;
    std::uint16_t size = 0;
    Method method = Method::other;
  };

  [[nodiscard]] std::string_view at(std::size_t from, std::size_t size) const { return {base_ + from, size}; }
  [[nodiscard]] std::string_view at(Piece piece) const { return at(piece.at, piece.size); }
  void copy_from(MessageView const& other);

  char const* base_ = "";
  std::uint32_t body_at_ = 0;
  std::uint32_t body_size_ = 0;
  Start start_ = {};
  std::uint8_t count_ = 0;
  std::array<std::uint8_t, header_names> first_;
  std::array<Entry, maximum_headers> entries_;
};

class MessageView::Headers {
 public:
  class Iterator {
   public:
    Iterator(MessageView const& message, std::size_t index) : message_(&message), index_(index) {}
    HeaderView operator*() const { return message_->header(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(Iterator const& other) const { return index_ == other.index_; }

   private:
    MessageView const* message_;
    std::size_t index_;
  };
  explicit Headers(MessageView const& message) : message_(&message) {}
  [[nodiscard]] Iterator begin() const { return {*message_, 0}; }
  [[nodiscard]] Iterator end() const { return {*message_, message_->count_}; }

 private:
  MessageView const* message_;
};

class MessageView::All {
 public:
  class Iterator {
   public:
    Iterator(MessageView const& message, std::uint8_t id, std::size_t index)
        : message_(&message), index_(index), id_(id) {}
    std::string_view operator*() const { return message_->at(message_->entries_[index_].value); }
    Iterator& operator++() {
      do ++index_;
      while (index_ < message_->count_ && message_->entries_[index_].id != id_);
      return *this;
    }
    bool operator==(Iterator const& other) const { return index_ == other.index_; }

   private:
    MessageView const* message_;
    std::size_t index_;
    std::uint8_t id_;
  };
  All(MessageView const& message, HeaderName name) : message_(&message), id_(static_cast<std::uint8_t>(name)) {}
  [[nodiscard]] Iterator begin() const {
    auto const first = message_->first_[id_];
    return {*message_, id_, first == none ? message_->count_ : first};
  }
  [[nodiscard]] Iterator end() const { return {*message_, id_, message_->count_}; }

 private:
  MessageView const* message_;
  std::uint8_t id_;
};

class MessageView::ElementsOfAll {
 public:
  class Iterator {
   public:
    Iterator(All::Iterator line, All::Iterator end) : line_(line), end_(end) { enter(); }
    std::string_view operator*() const { return *element_; }
    Iterator& operator++() {
      if (++element_ == Elements::Iterator{}) {
        ++line_;
        enter();
      }
      return *this;
    }
    bool operator==(Iterator const& other) const { return line_ == other.line_ && element_ == other.element_; }

   private:
    // Moves on to the first line that has an element.
    void enter() {
      for (; !(line_ == end_); ++line_) {
        element_ = Elements(*line_).begin();
        if (!(element_ == Elements::Iterator{})) return;
      }
      element_ = {};
    }
    All::Iterator line_;
    All::Iterator end_;
    Elements::Iterator element_ = {};
  };
  explicit ElementsOfAll(All all) : all_(all) {}
  [[nodiscard]] Iterator begin() const { return {all_.begin(), all_.end()}; }
  [[nodiscard]] Iterator end() const { return {all_.end(), all_.end()}; }

 private:
  All all_;
};

inline MessageView::Headers MessageView::headers() const {
  return Headers(*this);
}
inline MessageView::All MessageView::all(HeaderName name) const {
  return {*this, name};
}
inline MessageView::ElementsOfAll MessageView::elements(HeaderName name) const {
  return ElementsOfAll(all(name));
}

// Reads a datagram that holds one message (RFC 3261 section 18.3): without Content-Length the body reaches to the end;
// what is behind the body is ignored. Line folds in the bytes become spaces.
[[nodiscard]] std::expected<void, ParseError> parse_datagram(std::span<char> bytes, MessageView& message);

}  // namespace reveille::sip
