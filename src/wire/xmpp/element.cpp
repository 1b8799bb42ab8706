#include "wire/xmpp/element.hpp"

#include "wire/xmpp/namespaces.hpp"

#include <algorithm>

namespace reveille::xmpp {
namespace {

bool matches(Element const& element, std::string_view name, std::string_view space) {
  return !element.is_text() && (name.empty() || element.name == name) && (space.empty() || element.space == space);
}

// What XML 1.0 cannot carry becomes U+FFFD.
void append_character(std::string& out, char c) {
  bool const control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r';
  if (control) {
    out += "\xEF\xBF\xBD";
  } else {
    out += c;
  }
}

void append_value(std::string& out, std::string_view value) {
  for (char const c : value) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '\'': out += "&apos;"; break;
      case '\r': out += "&#xD;"; break;
      case '\n': out += "&#xA;"; break;
      case '\t': out += "&#x9;"; break;
      default: append_character(out, c);
    }
  }
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "='";
  append_value(out, value);
  out += '\'';
}

void append_attributes(std::string& out, Element const& element) {
  int declared = 0;
  for (auto const& attribute : element.attributes) {
    if (attribute.space.empty()) {
      append_attribute(out, attribute.name, attribute.value);
    } else if (attribute.space == ns::xml) {
      append_attribute(out, "xml:" + attribute.name, attribute.value);
    } else {
      auto const prefix = "a" + std::to_string(declared++);
      append_attribute(out, "xmlns:" + prefix, attribute.space);
      append_attribute(out, prefix + ":" + attribute.name, attribute.value);
    }
  }
}

}  // namespace

std::string_view Element::attribute(std::string_view its_name) const {
  for (auto const& one : attributes)
    if (one.space.empty() && one.name == its_name) return one.value;
  return {};
}

bool Element::has_attribute(std::string_view its_name) const {
  return std::ranges::any_of(attributes, [&](auto const& one) { return one.space.empty() && one.name == its_name; });
}

Element const* Element::child(std::string_view its_name, std::string_view its_space) const {
  auto const found = std::ranges::find_if(children, [&](auto const& one) { return matches(one, its_name, its_space); });
  return found == children.end() ? nullptr : &*found;
}

Element* Element::child(std::string_view its_name, std::string_view its_space) {
  return const_cast<Element*>(std::as_const(*this).child(its_name, its_space));
}

std::string Element::text_content() const {
  std::string joined;
  for (auto const& one : children)
    if (one.is_text()) joined += one.text;
  return joined;
}

std::string Element::child_text(std::string_view its_name) const {
  auto const* found = child(its_name, space);
  return found ? found->text_content() : std::string{};
}

Element& Element::set(std::string_view its_name, std::string_view value) {
  for (auto& one : attributes) {
    if (!one.space.empty() || one.name != its_name) continue;
    one.value = value;
    return *this;
  }
  attributes.push_back({.name = std::string(its_name), .value = std::string(value)});
  return *this;
}

Element& Element::unset(std::string_view its_name) {
  std::erase_if(attributes, [&](auto const& one) { return one.space.empty() && one.name == its_name; });
  return *this;
}

Element& Element::add(Element child) {
  children.push_back(std::move(child));
  return *this;
}

Element& Element::add_text(std::string_view characters) {
  if (characters.empty()) return *this;
  if (!children.empty() && children.back().is_text()) {
    children.back().text += characters;
  } else {
    children.push_back({.text = std::string(characters)});
  }
  return *this;
}

Element& Element::remove(std::string_view its_name, std::string_view its_space) {
  std::erase_if(children, [&](auto const& one) { return matches(one, its_name, its_space); });
  return *this;
}

Element make_element(std::string_view name, std::string_view space,
                     std::initializer_list<std::pair<std::string_view, std::string_view>> attributes) {
  Element element{.name = std::string(name), .space = std::string(space)};
  for (auto const& [key, value] : attributes)
    if (!value.empty()) element.attributes.push_back({.name = std::string(key), .value = std::string(value)});
  return element;
}

Element make_text_element(std::string_view name, std::string_view space, std::string_view text) {
  auto element = make_element(name, space);
  element.add_text(text);
  return element;
}

void append_escaped(std::string& out, std::string_view text) {
  for (char const c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '\r': out += "&#xD;"; break;
      default: append_character(out, c);
    }
  }
}

void write_xml(std::string& out, Element const& element, std::string_view default_space) {
  if (element.is_text()) return append_escaped(out, element.text);
  // Inside a stream the prefix of the stream's own elements is declared by the header.
  bool const prefixed = element.space == ns::stream && !default_space.empty();
  auto const inside = prefixed ? default_space : std::string_view(element.space);
  auto const name = prefixed ? "stream:" + element.name : element.name;
  out += '<';
  out += name;
  if (inside != default_space) append_attribute(out, "xmlns", inside);
  append_attributes(out, element);
  if (element.children.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  for (auto const& child : element.children) write_xml(out, child, inside);
  out += "</";
  out += name;
  out += '>';
}

std::string to_xml(Element const& element, std::string_view default_space) {
  std::string out;
  write_xml(out, element, default_space);
  return out;
}

}  // namespace reveille::xmpp
