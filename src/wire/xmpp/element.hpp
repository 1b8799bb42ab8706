// Element: one XML element as a value, and how it is written.
//
// What:     a name with its namespace, attributes, and children in order. Character data is a child with an empty name.
// Lifetime: plain value; copies are deep. Depth is bounded by the parser that made it.
// Errors:   none; characters that XML 1.0 cannot carry are written as U+FFFD.
// Source:   XML-NAMES 1.0; RFC 6120 section 11.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reveille::xmpp {

struct Attribute {
  std::string name = {};
  std::string space = {};  // the namespace of a prefixed attribute, e.g. ns::xml for xml:lang; usually empty
  std::string value = {};

  bool operator==(Attribute const&) const = default;
};

struct Element {
  std::string name = {};  // empty: this is character data
  std::string space = {};
  std::string text = {};  // of character data only
  std::vector<Attribute> attributes = {};
  std::vector<Element> children = {};

  bool operator==(Element const&) const = default;

  [[nodiscard]] bool is_text() const { return name.empty(); }
  [[nodiscard]] bool is(std::string_view its_name, std::string_view its_space) const {
    return name == its_name && space == its_space;
  }
  // The value of an attribute without a namespace; empty when there is none.
  [[nodiscard]] std::string_view attribute(std::string_view its_name) const;
  [[nodiscard]] bool has_attribute(std::string_view its_name) const;
  // The first child element of that name; nullptr when there is none. An empty name or namespace matches any.
  [[nodiscard]] Element const* child(std::string_view its_name, std::string_view its_space) const;
  [[nodiscard]] Element* child(std::string_view its_name, std::string_view its_space);
  [[nodiscard]] Element const* first_child() const { return child({}, {}); }
  // The character data directly inside, joined.
  [[nodiscard]] std::string text_content() const;
  // The text of the first child of that name in this element's own namespace; empty when there is none.
  [[nodiscard]] std::string child_text(std::string_view its_name) const;

  Element& set(std::string_view its_name, std::string_view value);
  Element& unset(std::string_view its_name);
  Element& add(Element child);
  Element& add_text(std::string_view characters);
  // Removes every child element of that name and namespace; an empty name matches any.
  Element& remove(std::string_view its_name, std::string_view its_space);
};

// An element with attributes; an attribute whose value is empty is left out.
[[nodiscard]] Element make_element(
    std::string_view name, std::string_view space,
    std::initializer_list<std::pair<std::string_view, std::string_view>> attributes = {});
// An element that holds only text.
[[nodiscard]] Element make_text_element(std::string_view name, std::string_view space, std::string_view text);

// Appends the element as it reads where `default_space` is the default namespace and the prefix `stream` is declared
// (that of an open stream: ns::client). With an empty `default_space` the text stands on its own.
void write_xml(std::string& out, Element const& element, std::string_view default_space);
[[nodiscard]] std::string to_xml(Element const& element, std::string_view default_space = {});

void append_escaped(std::string& out, std::string_view text);

}  // namespace reveille::xmpp
