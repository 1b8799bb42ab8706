// StreamParser: the bytes of an XMPP stream, in any pieces → the stream's start, whole first-level elements, its end.
//
// What:     restricted XML (no DTD, processing instruction, comment or entity but the predefined five), with
// namespaces.
//           Nothing can be expanded, and every size has a limit, so that no input costs more than `limits` allow.
// Lifetime: one a stream; reset() at a stream restart (after STARTTLS and after SASL). It keeps the bytes of one
//           unfinished token and the tree of one unfinished element, and nothing of what it has handed out.
// Threads:  one.
// Errors:   a StreamFault is the last event; after it and after StreamClosed, input is swallowed.
// Source:   RFC 6120 sections 4 and 11; XML 1.0; XML-NAMES 1.0.
#pragma once

#include "base/result.hpp"
#include "wire/xmpp/element.hpp"
#include "wire/xmpp/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reveille::xmpp {

struct XmlLimits {
  std::size_t header_bytes = 4096;
  std::size_t stanza_bytes = 256 * 1024;  // RFC 6120 section 13.12: at least 10,000
  std::size_t depth = 64;                 // elements inside each other, the stream included
  std::size_t attributes = 64;            // of one element, namespace declarations included
  std::size_t elements = 8192;            // of one stanza
  std::size_t namespaces = 64;            // declared at a time
  std::size_t name_bytes = 256;
};

struct StreamOpened {
  Element root = {};               // the header: no children
  std::string content_space = {};  // the default namespace it declares
};
struct StreamClosed {};
struct StreamFault {
  StreamError condition = StreamError::not_well_formed;
};
using StreamEvent = std::variant<StreamOpened, Element, StreamClosed, StreamFault>;

class StreamParser {
 public:
  explicit StreamParser(XmlLimits limits = {}) : limits_(limits) {}

  // Takes bytes from the front of `input` until an event is complete or the input is used up. What is left of `input`
  // after an event has not been looked at: a caller that restarts the stream drops it.
  [[nodiscard]] std::optional<StreamEvent> next(std::string_view& input);

  // Before the header again, with everything forgotten.
  void reset();
  void set_limits(XmlLimits limits) { limits_ = limits; }
  // Bytes of memory that an unfinished token holds; 0 between stanzas.
  [[nodiscard]] std::size_t held_bytes() const { return pending_.capacity() > 15 ? pending_.capacity() : 0; }

 private:
  //  prolog ──<stream>──▶ open ──</stream>──▶ ended
  //     └────────fault──────┴──────────────────▲
  enum class Phase : std::uint8_t { prolog, open, ended };
  enum class Scan : std::uint8_t { text, opening, tag, cdata_opening, cdata, declaration };
  struct Open {
    std::string name = {};     // as written, with its prefix
    std::size_t bindings = 0;  // how many declarations were in scope outside
  };
  struct Binding {
    std::string prefix = {};
    std::string space = {};
  };
  struct RawAttribute {
    std::string_view name = {};
    std::string value = {};
  };
  struct StartTag {
    std::string_view name = {};
    std::vector<RawAttribute> attributes = {};
    bool empty = false;
  };
  using Step = Result<std::optional<StreamEvent>, StreamError>;

  [[nodiscard]] Step step(std::string_view& input);
  [[nodiscard]] Step take_text(std::string_view& input);
  [[nodiscard]] Step take_markup(std::string_view& input);
  [[nodiscard]] Result<std::size_t, StreamError> end_of_markup(std::string_view input);
  [[nodiscard]] bool ends_markup(char c);
  [[nodiscard]] Result<void, StreamError> count(std::size_t bytes);

  [[nodiscard]] Step on_markup(std::string_view token, Scan kind);
  [[nodiscard]] Result<void, StreamError> on_text(std::string_view raw, Scan kind);
  [[nodiscard]] Result<void, StreamError> on_declaration(std::string_view token);
  [[nodiscard]] Step on_start(StartTag tag);
  [[nodiscard]] Step on_end(std::string_view name);

  [[nodiscard]] Result<StartTag, StreamError> read_start_tag(std::string_view token) const;
  [[nodiscard]] Result<void, StreamError> declare(std::vector<RawAttribute> const& attributes);
  [[nodiscard]] Result<Element, StreamError> resolve(StartTag tag) const;
  [[nodiscard]] Binding const* lookup(std::string_view prefix) const;
  [[nodiscard]] StreamEvent close_element();
  void forget_token();

  XmlLimits limits_;
  Phase phase_ = Phase::prolog;
  Scan scan_ = Scan::text;
  char quote_ = 0;            // inside an attribute value: what ends it
  std::uint8_t matched_ = 0;  // of "<![CDATA[" or "]]>" or "?>"
  bool declaration_allowed_ = true;
  std::size_t bytes_ = 0;     // of the header or the stanza under way
  std::size_t elements_ = 0;  // of the stanza under way
  std::string pending_ = {};  // the part of a token that came in earlier pieces
  std::vector<Open> open_ = {};
  std::vector<Binding> bindings_ = {};
  std::vector<Element> path_ = {};  // from the first-level element down to the innermost open one
};

// One element that was written with to_xml(element, ns::client), or that stands on its own.
[[nodiscard]] Result<Element> parse_element(std::string_view text);

}  // namespace reveille::xmpp
