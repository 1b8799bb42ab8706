// What an HTTP exchange is made of, whichever version carries it (RFC 9110).
//
// Plain values: names of header fields are lower case, in the order received, duplicates kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reveille::edge {

// How HPACK may treat a field (RFC 7541 section 7.1): `never` for what must not, or need not, enter the table; `name`
// for what differs each time: the first one on a connection enters, so that later ones refer to its name.
enum class Indexing : std::uint8_t { allowed, name, never };

struct HttpField {
  std::string name = {};
  std::string value = {};
  Indexing indexing = Indexing::allowed;

  bool operator==(HttpField const&) const = default;
};

class HttpFields {
 public:
  HttpFields() = default;
  HttpFields(std::initializer_list<HttpField> fields) : fields_(fields) {}

  void add(std::string name, std::string value, Indexing indexing = Indexing::allowed) {
    fields_.push_back({std::move(name), std::move(value), indexing});
  }
  // Replaces every field of that name.
  void set(std::string_view name, std::string value);
  // The first value of that name; nothing when there is none. The view lives as long as these fields are unchanged.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  void clear() { fields_.clear(); }
  void reserve(std::size_t fields) { fields_.reserve(fields); }

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }

 private:
  std::vector<HttpField> fields_;
};

struct HttpResponse {
  int status = 200;
  HttpFields headers = {};  // content-length is added
  std::string body = {};
};

// The text behind the path's question mark, as `name=value` pairs, percent-decoded. A malformed escape stays as it is.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> split_query(std::string_view query);
[[nodiscard]] std::string percent_decoded(std::string_view text);

// The reason phrase of a status code, for HTTP/1.1's status line; "" for a code that has none.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace reveille::edge
