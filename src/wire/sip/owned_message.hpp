// Message: a SIP message that keeps its own bytes, for what must outlive the buffer it was read from.
// Lifetime: views taken from it are good until it is moved, assigned to or destroyed. Threads: one at a time.
#pragma once

#include "wire/sip/message.hpp"

#include <expected>
#include <string>
#include <utility>

namespace reveille::sip {

class Message {
 public:
  Message() = default;
  explicit Message(MessageView const& view) : bytes_(view.bytes()), view_(view) { rebase(); }
  Message(Message const& other) : bytes_(other.bytes_), view_(other.view_) { rebase(); }
  Message(Message&& other) noexcept : bytes_(std::move(other.bytes_)), view_(other.view_) {
    rebase();
    other.clear();
  }
  Message& operator=(Message const& other) {
    if (this != &other) *this = Message(other);
    return *this;
  }
  Message& operator=(Message&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = std::move(other.bytes_);
    view_ = other.view_;
    rebase();
    other.clear();
    return *this;
  }
  ~Message() = default;

  // Parses a whole message, as parse_datagram does.
  [[nodiscard]] static std::expected<Message, ParseError> parse(std::string bytes) {
    MessageView view;
    if (auto const parsed = parse_datagram(bytes, view); !parsed) return std::unexpected(parsed.error());
    return Message(view);
  }

  [[nodiscard]] MessageView const& view() const { return view_; }
  MessageView const* operator->() const { return &view_; }
  MessageView const& operator*() const { return view_; }
  [[nodiscard]] std::string const& bytes() const { return bytes_; }

 private:
  void rebase() { view_.base_ = bytes_.data(); }
  void clear() {
    bytes_.clear();
    view_ = MessageView();
  }

  std::string bytes_ = {};
  MessageView view_ = {};
};

}  // namespace reveille::sip
