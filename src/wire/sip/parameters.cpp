#include "wire/sip/parameters.hpp"

namespace reveille::sip {
namespace {

// gen-value = token / host / quoted-string; a host may be [IPv6], and "." and ":" come in addresses.
bool is_value(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '"') return quoted_length(text) == text.size();
  for (char const c : text)
    if (is_space(c) || c == '"' || c == '<' || c == '>' || c == ',' || c == ';') return false;
  return true;
}

}  // namespace

void Parameters::Iterator::advance() {
  for (;;) {
    rest_ = trim_left(rest_);
    if (!rest_.empty() && rest_.front() == ';') {
      rest_.remove_prefix(1);
      continue;
    }
    at_end_ = rest_.empty();
    if (at_end_) return;
    auto const end = find_outside(rest_, ';');
    text_ = trim_right(rest_.substr(0, end));
    rest_.remove_prefix(end);
    auto const equals = text_.find('=');
    if (equals == text_.npos)
      current_ = {.name = text_, .value = {}};
    else
      current_ = {.name = trim_right(text_.substr(0, equals)), .value = trim_left(text_.substr(equals + 1))};
    return;
  }
}

std::optional<Parameter> Parameters::find(std::string_view name) const {
  for (auto const parameter : *this)
    if (equal_ignoring_case(parameter.name, name)) return parameter;
  return {};
}

std::optional<std::string_view> Parameters::value(std::string_view name) const {
  auto const found = find(name);
  return found ? std::optional(found->plain()) : std::nullopt;
}

std::optional<SyntaxFault> Parameters::check() const {
  auto rest = trim(text_);
  while (!rest.empty()) {
    if (rest.front() != ';') return SyntaxFault::character;
    rest = trim_left(rest.substr(1));
    auto const end = find_outside(rest, ';');
    auto const one = trim_right(rest.substr(0, end));
    rest.remove_prefix(end);
    auto const equals = one.find('=');
    if (!is_token(trim_right(one.substr(0, equals)))) return SyntaxFault::character;
    if (equals != one.npos && !is_value(trim_left(one.substr(equals + 1)))) return SyntaxFault::character;
  }
  return {};
}

}  // namespace reveille::sip
