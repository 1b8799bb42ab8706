// JsonReader: takes the members of a JSON object one by one, checks type and size of each, and remembers the first
// fault with the field to blame. What nobody has taken is a fault too: a misspelt member must not be ignored.
//
// Lifetime: refers to the object given. Threads: one.
#pragma once

#include "arrive/rest/problem.hpp"
#include "base/instant.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::arrive {

class JsonReader {
 public:
  // `path` stands before the names of members: "target.".
  JsonReader(boost::json::object const& object, std::string path, std::optional<Problem>& fault)
      : object_(object), path_(std::move(path)), fault_(fault) {}

  // null is as absent, here and below.
  [[nodiscard]] bool has(std::string_view name) const {
    auto const* value = object_.if_contains(name);
    return value != nullptr && !value->is_null();
  }
  std::optional<std::string> text(std::string_view name, std::size_t most);
  // What may become the value of a header field (RFC 9113 section 8.2.1): no control characters, no space at its ends.
  std::optional<std::string> field_value(std::string_view name, std::size_t most);
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<bool> truth(std::string_view name);
  std::optional<Instant> instant(std::string_view name);
  boost::json::object const* object(std::string_view name);
  std::optional<std::vector<std::string>> texts(std::string_view name);
  // A word of an enumeration, by its function that finds it.
  template <class Enum>
  std::optional<Enum> choice(std::string_view name, std::optional<Enum> (*named)(std::string_view)) {
    auto const word = text(name, 64);
    if (!word) return {};
    auto const value = named(*word);
    if (!value) blame(name, "it is none of the words that the description lists");
    return value;
  }
  void blame(std::string_view name, std::string_view why);
  // Every member must have been taken.
  void finish();

 private:
  boost::json::value const* take(std::string_view name);

  boost::json::object const& object_;
  std::string path_;
  std::optional<Problem>& fault_;
  std::set<std::string, std::less<>> taken_ = {};
};

// The object that a body holds; a fault when it is none, too deep, or no UTF-8.
[[nodiscard]] std::optional<boost::json::object> read_object(std::string_view body, std::optional<Problem>& fault);

}  // namespace reveille::arrive
