#include "arrive/rest/prefer.hpp"

#include <algorithm>

namespace reveille::arrive {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t";
  auto const begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

// Takes what stands before the next `end` that is not inside of quotes (RFC 9110 section 5.6.4), and the `end`.
std::string_view take_until(char end, std::string_view& text) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size() && (quoted || text[at] != end); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted && text[at] == '\\') ++at;
  }
  auto const taken = text.substr(0, std::min(at, text.size()));
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

std::string unquoted(std::string_view word) {
  if (word.size() < 2 || word.front() != '"' || word.back() != '"') return std::string(word);
  std::string out;
  word = word.substr(1, word.size() - 2);
  for (std::size_t at = 0; at < word.size(); ++at) {
    if (word[at] == '\\' && at + 1 < word.size()) ++at;
    out += word[at];
  }
  return out;
}

}  // namespace

std::optional<std::string> preference_of(edge::HttpFields const& fields, std::string_view name) {
  for (auto const& field : fields) {
    if (!is_same_word(field.name, "prefer")) continue;
    for (std::string_view line = field.value; !line.empty();) {
      auto one = take_until(',', line);
      // Parameters concern the preference, not its value.
      auto preference = take_until(';', one);
      auto const word = trimmed(take_until('=', preference));
      if (is_same_word(word, name)) return unquoted(trimmed(preference));
    }
  }
  return {};
}

}  // namespace reveille::arrive
