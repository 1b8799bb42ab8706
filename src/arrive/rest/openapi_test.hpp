// A description of an API, looked at as a client's generator would: every name in it leads somewhere.
#pragma once

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace reveille::arrive::test {

namespace json = boost::json;

class Description {
 public:
  explicit Description(std::string_view text) : document_(json::parse(text)) {}

  // Each {name} of a path is declared, each reference resolves, each response has its words.
  void check() const {
    EXPECT_TRUE(document_.at("openapi").as_string().starts_with("3.1."));
    check_references(document_);
    for (auto const& [path, item] : document_.at("paths").as_object())
      for (auto const& [method, operation] : item.as_object())
        if (method != "parameters") check_operation(path, item.as_object(), operation.as_object());
  }

  // "put /v1/devices/{device}"…
  [[nodiscard]] std::set<std::string> operations() const {
    std::set<std::string> all;
    for (auto const& [path, item] : document_.at("paths").as_object())
      for (auto const& [method, operation] : item.as_object())
        if (method != "parameters") all.insert(std::string(method) + ' ' + std::string(path));
    return all;
  }

  // Whether that operation may answer that problem with that status.
  [[nodiscard]] bool names(std::string const& path, std::string const& method, int status,
                           std::string const& problem) const {
    auto const pointer = "/content/application~1problem+json/schema/properties/type/enum";
    auto const& responses = document_.at("paths").at(path).at(method).at("responses").as_object();
    auto const* response = responses.if_contains(std::to_string(status));
    if (response == nullptr) return false;
    boost::system::error_code error;
    auto const* types = response->find_pointer(pointer, error);
    if (types == nullptr) return false;
    json::value const wanted("urn:reveille:problem:" + problem);
    return std::ranges::find(types->as_array(), wanted) != types->as_array().end();
  }

 private:
  void check_references(json::value const& value) const {
    if (value.is_array())
      for (auto const& one : value.get_array()) check_references(one);
    if (!value.is_object()) return;
    for (auto const& [name, one] : value.get_object()) {
      if (name == "$ref") EXPECT_NE(resolve(one.as_string()), nullptr) << one;
      check_references(one);
    }
  }
  [[nodiscard]] json::value const* resolve(std::string_view reference) const {
    boost::system::error_code error;
    return document_.find_pointer(reference.substr(1), error);
  }
  void check_operation(std::string_view path, json::object const& item, json::object const& operation) const {
    auto declared = parameters_of(item);
    declared.merge(parameters_of(operation));
    for (auto at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
      auto const name = path.substr(at + 1, path.find('}', at) - at - 1);
      EXPECT_TRUE(declared.contains("path " + std::string(name))) << path;
    }
    EXPECT_FALSE(operation.at("responses").as_object().empty());
    for (auto const& [status, response] : operation.at("responses").as_object())
      EXPECT_TRUE(response.as_object().contains("description") || response.as_object().contains("$ref")) << path;
  }
  [[nodiscard]] std::set<std::string> parameters_of(json::object const& where) const {
    std::set<std::string> all;
    auto const* list = where.if_contains("parameters");
    if (list == nullptr) return all;
    for (auto const& one : list->as_array()) {
      auto const* reference = one.as_object().if_contains("$ref");
      auto const& parameter = reference != nullptr ? *resolve(reference->as_string()) : one;
      all.insert(std::string(parameter.at("in").as_string()) + ' ' + std::string(parameter.at("name").as_string()));
    }
    return all;
  }

  json::value document_;
};

}  // namespace reveille::arrive::test
