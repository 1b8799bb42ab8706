#include "edge/http/message.hpp"

#include "base/encoding.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>

namespace reveille::edge {

void HttpFields::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](HttpField const& field) { return field.name == name; });
  fields_.push_back({std::string{name}, std::move(value), Indexing::allowed});
}

std::optional<std::string_view> HttpFields::find(std::string_view name) const {
  auto const found = std::ranges::find(fields_, name, &HttpField::name);
  return found == fields_.end() ? std::nullopt : std::optional<std::string_view>{found->value};
}

std::size_t HttpFields::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count(fields_, name, &HttpField::name));
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    int const high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    int const low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out.push_back(text[i]);
    } else {
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> split_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    auto const end = std::min(query.find('&'), query.size());
    auto const pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    auto const equals = std::min(pair.find('='), pair.size());
    auto const value = equals == pair.size() ? std::string_view{} : pair.substr(equals + 1);
    out.emplace_back(percent_decoded(pair.substr(0, equals)), percent_decoded(value));
  }
  return out;
}

std::string_view reason_phrase(int status) {
  auto const phrase = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {phrase.data(), phrase.size()};
}

}  // namespace reveille::edge
