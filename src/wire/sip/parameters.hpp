// Parameters: ";name=value;flag" behind a URI, a name-addr, a Via (RFC 3261 section 25.1, generic-param).
// The views are of the text given. A value may be a quoted string, a token or a host. Allocation-free. Threads: any.
#pragma once

#include "wire/sip/syntax.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace reveille::sip {

struct Parameter {
  std::string_view name = {};
  // As written, quotes included; nothing for a parameter without "=".
  std::optional<std::string_view> value = {};

  // The value without its quotes (backslashes stay), or an empty text.
  [[nodiscard]] std::string_view plain() const {
    auto const text = value.value_or(std::string_view{});
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
    return text;
  }
};

class Parameters {
 public:
  class Iterator {
   public:
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) { advance(); }
    Parameter operator*() const { return current_; }
    Parameter const* operator->() const { return &current_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    bool operator==(Iterator const& other) const { return at_end_ == other.at_end_; }
    // The parameter as it is written, without its semicolon.
    [[nodiscard]] std::string_view text() const { return text_; }

   private:
    void advance();
    std::string_view rest_ = {};
    std::string_view text_ = {};
    Parameter current_ = {};
    bool at_end_ = true;
  };

  Parameters() = default;
  // With or without the semicolon in front.
  explicit Parameters(std::string_view text) : text_(text) {}

  [[nodiscard]] Iterator begin() const { return Iterator(text_); }
  [[nodiscard]] Iterator end() const { return Iterator(); }
  // The first of that name, in any case.
  [[nodiscard]] std::optional<Parameter> find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  // The value without quotes; nothing when the parameter is absent. Empty for one without a value.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const;
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] bool empty() const { return begin() == end(); }

  // Each parameter is there: token [ "=" ( token / host / quoted-string ) ], no empty ones.
  [[nodiscard]] std::optional<SyntaxFault> check() const;

 private:
  std::string_view text_ = {};
};

}  // namespace reveille::sip
