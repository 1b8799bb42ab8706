// NameAddress: a display name, a URI and the field's parameters: From, To, Contact, Route, Record-Route, Path, Refer-To
// and their like (RFC 3261 sections 20.10 and 25.1: name-addr / addr-spec).
// Lifetime: of the text. Errors: SyntaxFault. Allocation-free but for display_text(). Threads: any.
#pragma once

#include "wire/sip/parameters.hpp"
#include "wire/sip/uri.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::sip {

struct NameAddress {
  std::string_view display_name = {};  // as written, with its quotes
  std::string_view uri_text = {};      // without < and >
  Uri uri = {};
  Parameters parameters = {};  // of the field, not of the URI

  // Unquoted.
  [[nodiscard]] std::string display_text() const { return unquote(display_name); }
  [[nodiscard]] std::optional<std::string_view> tag() const { return parameters.value("tag"); }
};

// The whole text must be one element. Without < and > everything behind a semicolon belongs to the field, and the URI
// may hold no comma, question mark or semicolon (section 20.10).
[[nodiscard]] Parsed<NameAddress> parse_name_address(std::string_view text);

// The tag of a From or To value: cheaper than parsing it all, and forgiving. Empty when there is none.
[[nodiscard]] std::string_view tag_of(std::string_view name_address);

// `"name" <uri>;parameters`; parts that are empty are left out.
[[nodiscard]] std::string format_name_address(std::string_view display_text, std::string_view uri,
                                              std::string_view parameters = {});

}  // namespace reveille::sip
