#include "wire/xmpp/xml.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/xml_characters.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace reveille::xmpp {
namespace {

using enum StreamError;

constexpr std::string_view cdata_opening = "<![CDATA[";
constexpr std::string_view cdata_closing = "]]>";
constexpr std::size_t small_buffer = 512;  // what a token may leave allocated between stanzas

struct QualifiedName {
  std::string_view prefix = {};
  std::string_view local = {};
};

std::optional<QualifiedName> split_name(std::string_view name) {
  auto const colon = name.find(':');
  if (colon == std::string_view::npos)
    return is_ncname(name) ? std::optional(QualifiedName{.local = name}) : std::nullopt;
  QualifiedName const split{.prefix = name.substr(0, colon), .local = name.substr(colon + 1)};
  if (!is_ncname(split.prefix) || !is_ncname(split.local)) return std::nullopt;
  return split;
}

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, is_xml_space);
}

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_xml_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view take_name(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && !is_xml_space(text[end]) && text[end] != '=' && text[end] != '/' && text[end] != '>')
    ++end;
  auto const name = text.substr(0, end);
  text.remove_prefix(end);
  return name;
}

// Eq AttValue (XML 1.0 productions 25 and 10): the raw text between the quotes.
std::optional<std::string_view> take_value(std::string_view& text) {
  text = skip_space(text);
  if (!text.starts_with('=')) return std::nullopt;
  text = skip_space(text.substr(1));
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::nullopt;
  auto const end = text.find(text.front(), 1);
  if (end == std::string_view::npos) return std::nullopt;
  auto const value = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return value;
}

bool is_declaration_of_namespace(std::string_view name) {
  return name == "xmlns" || name.starts_with("xmlns:");
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<StreamEvent> StreamParser::next(std::string_view& input) {
  while (!input.empty()) {
    if (phase_ == Phase::ended) {
      input = {};
      break;
    }
    auto event = step(input);
    if (!event) {
      reset();
      phase_ = Phase::ended;
      return StreamFault{.condition = event.error()};
    }
    if (*event) return std::move(*event);
  }
  return std::nullopt;
}

void StreamParser::reset() {
  *this = StreamParser(limits_);
}

StreamParser::Step StreamParser::step(std::string_view& input) {
  return scan_ == Scan::text ? take_text(input) : take_markup(input);
}

// Limits: RFC 6120 section 13.12.
Result<void, StreamError> StreamParser::count(std::size_t bytes) {
  bytes_ += bytes;
  auto const limit = phase_ == Phase::prolog ? limits_.header_bytes : limits_.stanza_bytes;
  if (bytes_ > limit) return std::unexpected(policy_violation);
  return {};
}

StreamParser::Step StreamParser::take_text(std::string_view& input) {
  auto const piece = input.substr(0, input.find('<'));
  bool const whole = piece.size() < input.size();
  input.remove_prefix(piece.size());
  if (path_.empty()) {
    // Between stanzas only white space may stand: keep-alives (RFC 6120 section 4.6.1), not kept and not counted.
    if (!is_blank(piece)) return std::unexpected(phase_ == Phase::prolog ? not_well_formed : bad_format);
    declaration_allowed_ = declaration_allowed_ && piece.empty();
  } else {
    if (auto const within = count(piece.size()); !within) return std::unexpected(within.error());
    if (!whole || !pending_.empty()) pending_ += piece;
    if (whole) {
      auto const read = on_text(pending_.empty() ? piece : std::string_view(pending_), Scan::text);
      if (!read) return std::unexpected(read.error());
      forget_token();
    }
  }
  if (whole) scan_ = Scan::opening;
  return std::nullopt;
}

// `input` continues a token that began with '<'; the '<' itself is the first byte of pending_ or of input.
StreamParser::Step StreamParser::take_markup(std::string_view& input) {
  auto const end = end_of_markup(input);
  if (!end) return std::unexpected(end.error());
  bool const whole = *end != std::string_view::npos;
  auto const piece = input.substr(0, *end);
  input.remove_prefix(piece.size());
  if (auto const within = count(piece.size()); !within) return std::unexpected(within.error());
  if (!whole || !pending_.empty()) pending_ += piece;
  if (!whole) return std::nullopt;

  auto const kind = std::exchange(scan_, Scan::text);
  quote_ = 0;
  matched_ = 0;
  auto event = on_markup(pending_.empty() ? piece : std::string_view(pending_), kind);
  forget_token();
  return event;
}

// How many bytes of `input` belong to the markup under way; npos when its end is not among them.
Result<std::size_t, StreamError> StreamParser::end_of_markup(std::string_view input) {
  for (std::size_t i = 0; i < input.size(); ++i) {
    char const c = input[i];
    if (scan_ == Scan::opening) {
      if (pending_.empty() && i == 0) continue;  // the '<'
      scan_ = c == '!' ? Scan::cdata_opening : c == '?' ? Scan::declaration : Scan::tag;
      matched_ = scan_ == Scan::cdata_opening ? 2 : 0;
      if (scan_ != Scan::tag) continue;
    }
    if (scan_ == Scan::cdata_opening) {
      // RFC 6120 section 11.1: comments and document types are restricted; only a CDATA section may start so.
      if (c != cdata_opening[matched_]) return std::unexpected(restricted_xml);
      if (++matched_ < cdata_opening.size()) continue;
      scan_ = Scan::cdata;
      matched_ = 0;
      continue;
    }
    if (scan_ == Scan::tag && quote_ == 0 && c == '<') return std::unexpected(not_well_formed);
    if (ends_markup(c)) return i + 1;
  }
  return std::string_view::npos;
}

bool StreamParser::ends_markup(char c) {
  if (scan_ == Scan::tag) {
    if (quote_ != 0) {
      if (c == quote_) quote_ = 0;
      return false;
    }
    if (c == '"' || c == '\'') quote_ = c;
    return c == '>';
  }
  std::uint8_t const needed = scan_ == Scan::cdata ? 2 : 1;
  if (c == '>' && matched_ >= needed) return true;
  bool const counts = c == (scan_ == Scan::cdata ? ']' : '?');
  matched_ = counts ? static_cast<std::uint8_t>(std::min(matched_ + 1, 2)) : std::uint8_t{0};
  return false;
}

void StreamParser::forget_token() {
  pending_.clear();
  if (pending_.capacity() > small_buffer || path_.empty()) std::string{}.swap(pending_);
}

StreamParser::Step StreamParser::on_markup(std::string_view token, Scan kind) {
  bool const first = std::exchange(declaration_allowed_, false);
  if (kind == Scan::declaration) {
    // RFC 6120 section 11.1: a processing instruction is restricted; the XML declaration is none.
    if (!first || !token.starts_with("<?xml") || token.size() < 8 || !is_xml_space(token[5]))
      return std::unexpected(restricted_xml);
    if (auto const read = on_declaration(token); !read) return std::unexpected(read.error());
    return std::nullopt;
  }
  if (kind == Scan::cdata) {
    if (path_.empty()) return std::unexpected(phase_ == Phase::prolog ? not_well_formed : bad_format);
    auto const raw = token.substr(cdata_opening.size(), token.size() - cdata_opening.size() - cdata_closing.size());
    if (auto const read = on_text(raw, kind); !read) return std::unexpected(read.error());
    return std::nullopt;
  }
  if (token.starts_with("</")) {
    auto rest = token.substr(2);
    auto const name = take_name(rest);
    if (skip_space(rest) != ">") return std::unexpected(not_well_formed);
    return on_end(name);
  }
  auto tag = read_start_tag(token);
  if (!tag) return std::unexpected(tag.error());
  return on_start(std::move(*tag));
}

Result<void, StreamError> StreamParser::on_text(std::string_view raw, Scan kind) {
  std::string text;
  auto const place = kind == Scan::cdata ? TextPlace::cdata : TextPlace::content;
  if (auto const read = append_character_data(text, raw, place); !read) return read;
  path_.back().add_text(text);
  return {};
}

// XML 1.0 production 23: version, then encoding, then standalone.
Result<void, StreamError> StreamParser::on_declaration(std::string_view token) {
  auto rest = skip_space(token.substr(5, token.size() - 7));
  bool versioned = false;
  while (!rest.empty()) {
    auto const name = take_name(rest);
    auto const value = take_value(rest);
    if (!value) return std::unexpected(not_well_formed);
    if (name == "version" && !versioned && value->starts_with("1.")) {
      versioned = true;
    } else if (name == "encoding") {
      // RFC 6120 section 11.6.
      if (!equal_ignoring_case(*value, "utf-8")) return std::unexpected(unsupported_encoding);
    } else if (name != "standalone") {
      return std::unexpected(not_well_formed);
    }
    rest = skip_space(rest);
  }
  if (!versioned) return std::unexpected(not_well_formed);
  return {};
}

// STag and EmptyElemTag, XML 1.0 productions 40 and 44.
Result<StreamParser::StartTag, StreamError> StreamParser::read_start_tag(std::string_view token) const {
  auto rest = token.substr(1);
  StartTag tag{.name = take_name(rest)};
  if (tag.name.size() > limits_.name_bytes) return std::unexpected(policy_violation);
  for (;;) {
    auto const next = skip_space(rest);
    if (next == ">" || next == "/>") {
      tag.empty = next == "/>";
      return tag;
    }
    if (next.size() == rest.size()) return std::unexpected(not_well_formed);  // attributes stand behind white space
    rest = next;
    RawAttribute attribute{.name = take_name(rest)};
    if (attribute.name.size() > limits_.name_bytes) return std::unexpected(policy_violation);
    auto const value = take_value(rest);
    if (!value) return std::unexpected(not_well_formed);
    auto const read = append_character_data(attribute.value, *value, TextPlace::attribute);
    if (!read) return std::unexpected(read.error());
    if (tag.attributes.size() == limits_.attributes) return std::unexpected(policy_violation);
    tag.attributes.push_back(std::move(attribute));
  }
}

// XML-NAMES sections 3 and 5.
Result<void, StreamError> StreamParser::declare(std::vector<RawAttribute> const& attributes) {
  auto const outside = open_.back().bindings;
  for (auto const& [name, value] : attributes) {
    if (!is_declaration_of_namespace(name)) continue;
    auto const prefix = name.size() > 6 ? name.substr(6) : std::string_view{};
    if (name != "xmlns" && (!is_ncname(prefix) || value.empty())) return std::unexpected(not_well_formed);
    if (prefix == "xmlns" || value == ns::xmlns) return std::unexpected(not_well_formed);
    if ((prefix == "xml") != (value == ns::xml)) return std::unexpected(not_well_formed);
    for (auto i = outside; i < bindings_.size(); ++i)
      if (bindings_[i].prefix == prefix) return std::unexpected(not_well_formed);
    if (bindings_.size() == limits_.namespaces) return std::unexpected(policy_violation);
    bindings_.push_back({.prefix = std::string(prefix), .space = value});
  }
  return {};
}

StreamParser::Binding const* StreamParser::lookup(std::string_view prefix) const {
  static Binding const xml{.prefix = "xml", .space = std::string(ns::xml)};
  static Binding const none{};
  if (prefix == "xml") return &xml;
  for (auto i = bindings_.rbegin(); i != bindings_.rend(); ++i)
    if (i->prefix == prefix) return &*i;
  return prefix.empty() ? &none : nullptr;
}

// XML-NAMES section 6: names with their namespaces; no two attributes may have the same.
Result<Element, StreamError> StreamParser::resolve(StartTag tag) const {
  auto const name = split_name(tag.name);
  auto const* space = name ? lookup(name->prefix) : nullptr;
  if (!space) return std::unexpected(not_well_formed);
  // XML-NAMES section 3 reserves the prefix: no element bears it, and parsers refuse its namespace under any other.
  if (name->prefix == "xml") return std::unexpected(bad_namespace_prefix);
  Element element{.name = std::string(name->local), .space = space->space};
  for (auto& [raw, value] : tag.attributes) {
    if (is_declaration_of_namespace(raw)) continue;
    auto const split = split_name(raw);
    if (!split) return std::unexpected(not_well_formed);
    auto const* binding = split->prefix.empty() ? nullptr : lookup(split->prefix);
    if (!split->prefix.empty() && !binding) return std::unexpected(not_well_formed);
    Attribute attribute{.name = std::string(split->local), .space = binding ? binding->space : std::string{}};
    for (auto const& other : element.attributes)
      if (other.name == attribute.name && other.space == attribute.space) return std::unexpected(not_well_formed);
    attribute.value = std::move(value);
    element.attributes.push_back(std::move(attribute));
  }
  return element;
}

StreamParser::Step StreamParser::on_start(StartTag tag) {
  if (open_.size() == limits_.depth) return std::unexpected(policy_violation);
  if (phase_ == Phase::open && ++elements_ > limits_.elements) return std::unexpected(policy_violation);
  open_.push_back({.name = std::string(tag.name), .bindings = bindings_.size()});
  if (auto const declared = declare(tag.attributes); !declared) return std::unexpected(declared.error());
  bool const empty = tag.empty;
  auto element = resolve(std::move(tag));
  if (!element) return std::unexpected(element.error());

  if (phase_ == Phase::prolog) {
    if (empty) return std::unexpected(bad_format);
    phase_ = Phase::open;
    bytes_ = 0;
    return StreamOpened{.root = std::move(*element), .content_space = lookup({})->space};
  }
  path_.push_back(std::move(*element));
  if (!empty) return std::nullopt;
  auto const name = open_.back().name;
  return on_end(name);
}

StreamParser::Step StreamParser::on_end(std::string_view name) {
  if (open_.empty() || open_.back().name != name) return std::unexpected(not_well_formed);
  bindings_.resize(open_.back().bindings);
  open_.pop_back();
  if (open_.empty()) {
    phase_ = Phase::ended;
    return StreamClosed{};
  }
  if (path_.size() == 1) return close_element();
  auto child = std::move(path_.back());
  path_.pop_back();
  path_.back().add(std::move(child));
  return std::nullopt;
}

StreamEvent StreamParser::close_element() {
  auto whole = std::move(path_.back());
  std::vector<Element>{}.swap(path_);
  bytes_ = 0;
  elements_ = 0;
  return whole;
}

Result<Element> parse_element(std::string_view text) {
  // Written text is longer than what came: it has escapes and declarations that the peer did not write.
  constexpr XmlLimits limits{.stanza_bytes = std::size_t{8} * 1024 * 1024,
                             .depth = 256,
                             .attributes = 1024,
                             .elements = 65'536,
                             .namespaces = 4096,
                             .name_bytes = 1024};
  std::string_view header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
  StreamParser parser{limits};
  std::ignore = parser.next(header);
  auto event = parser.next(text);
  auto* element = event ? std::get_if<Element>(&*event) : nullptr;
  if (!element || !text.empty()) return failure(ErrorCode::corrupt, "a stored stanza is no XML element");
  return std::move(*element);
}

}  // namespace reveille::xmpp
