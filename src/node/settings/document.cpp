#define TOML_EXCEPTIONS 0
#include "node/settings/document.hpp"

#include <toml++/toml.h>

#include <utility>

namespace reveille::node {
namespace {

Value value_of(toml::node const& node);

Value table_of(toml::table const& table) {
  Entries entries;
  for (auto const& [key, node] : table) {
    auto& value = entries.values.emplace_back(value_of(node));
    value.key = key.str();
    // A key is to blame with its own line: a table's region is that of its header.
    if (key.source().begin) value.line = key.source().begin.line;
  }
  return {.line = table.source().begin.line, .content = std::move(entries)};
}

Value list_of(toml::array const& list) {
  Array list_values;
  for (auto const& node : list) list_values.values.push_back(value_of(node));
  return {.line = list.source().begin.line, .content = std::move(list_values)};
}

Value value_of(toml::node const& node) {
  Value value{.line = node.source().begin.line};
  if (auto const* table = node.as_table()) return table_of(*table);
  if (auto const* list = node.as_array()) return list_of(*list);
  if (auto const* text = node.as_string()) value.content = text->get();
  if (auto const* number = node.as_integer()) value.content = number->get();
  if (auto const* fraction = node.as_floating_point()) value.content = fraction->get();
  if (auto const* truth = node.as_boolean()) value.content = truth->get();
  return value;
}

}  // namespace

std::expected<Value, Fault> parse_document(std::string_view text) {
  auto const parsed = toml::parse(text);
  if (!parsed)
    return std::unexpected(Fault{.line = parsed.error().source().begin.line,
                                 .sentence = "this is not TOML: " + std::string(parsed.error().description())});
  return table_of(parsed.table());
}

std::string_view type_of(Value const& value) {
  struct Names {
    std::string_view operator()(std::string const&) const { return "text"; }
    std::string_view operator()(std::int64_t) const { return "a whole number"; }
    std::string_view operator()(double) const { return "a fraction"; }
    std::string_view operator()(bool) const { return "true or false"; }
    std::string_view operator()(Array const&) const { return "a list"; }
    std::string_view operator()(Entries const&) const { return "a table"; }
    std::string_view operator()(OtherValue) const { return "a date or time"; }
  };
  return std::visit(Names{}, value.content);
}

}  // namespace reveille::node
