// Document: a TOML file as plain values, each with the line it stands on.
//
// The only place that knows the TOML library; what reads settings works on this tree. Reading never throws: what is not
// TOML becomes a Fault.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reveille::node {

// What is wrong with a configuration file, and where. Shown as `FILE:LINE: sentence`.
struct Fault {
  unsigned line = 0;
  std::string sentence = {};

  bool operator==(Fault const&) const = default;
};

// No initialisers here: they would need the complete Value.
struct Value;
struct Array {
  std::vector<Value> values;
};
struct Entries {
  std::vector<Value> values;  // each with its key
};
// A date or time: no setting of ours takes one.
struct OtherValue {};

struct Value {
  std::string key = {};
  unsigned line = 0;
  std::variant<OtherValue, std::string, std::int64_t, double, bool, Array, Entries> content = {};
};

[[nodiscard]] std::expected<Value, Fault> parse_document(std::string_view text);

// "text", "whole number", "list", …: how a message names the type.
[[nodiscard]] std::string_view type_of(Value const& value);

}  // namespace reveille::node
