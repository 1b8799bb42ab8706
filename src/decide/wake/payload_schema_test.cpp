// docs/reference/push-payload.schema.json is true of what is written, member by member. The reader of schemas here
// knows the keywords that the file uses, and fails at any other.
#include "base/instant.hpp"
#include "decide/messages/wake.hpp"
#include "decide/wake/payload.hpp"

// Boost.JSON with its sources: the layer itself links none.
#include <boost/json/src.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {
namespace {

namespace json = boost::json;

// The schema's file above this one, or above the folder that the test runs in.
std::filesystem::path find_schema() {
  std::string_view constexpr name = "docs/reference/push-payload.schema.json";
  for (auto const& start : {std::filesystem::absolute(__FILE__).lexically_normal(), std::filesystem::current_path()})
    for (auto at = start; at.has_relative_path(); at = at.parent_path())
      if (std::filesystem::exists(at / name)) return at / name;
  return name;
}

json::object read_schema() {
  std::ifstream in(find_schema());
  return json::parse(std::string(std::istreambuf_iterator<char>(in), {})).as_object();
}

json::object const& schema() {
  static json::object const read = read_schema();
  return read;
}

json::object const& definition(std::string_view name) {
  return schema().at("$defs").at(name).as_object();
}

std::string definition_named_by(json::value const& reference) {
  return std::string(reference.as_string()).substr(std::string_view("#/$defs/").size());
}

bool is_of_type(json::value const& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  return type == "integer" && (value.is_int64() || value.is_uint64());
}

bool is_of_format(std::string_view text, std::string_view format) {
  if (format == "date-time") return parse_rfc3339(text).has_value();
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return format == "uuid" && std::ranges::equal(text, form, [](char c, char asked) {
           return asked == 'x' ? std::string_view("0123456789abcdef").contains(c) : c == asked;
         });
}

std::uint64_t characters(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

using Faults = std::vector<std::string>;
void check(json::value const& value, json::object const& rules, std::string const& place, Faults& faults);

void check_members(json::object const& value, json::object const& rules, std::string const& place, Faults& faults) {
  auto const& properties = rules.at("properties").as_object();
  for (auto const& [name, member] : value) {
    auto const* rule = properties.if_contains(name);
    if (rule == nullptr) faults.push_back(place + '/' + std::string(name) + " is not described");
    if (rule != nullptr) check(member, rule->as_object(), place + '/' + std::string(name), faults);
  }
  if (auto const* required = rules.if_contains("required"))
    for (auto const& name : required->as_array())
      if (!value.contains(name.as_string())) faults.push_back(place + " lacks " + std::string(name.as_string()));
}

// Whether one keyword holds; what has parts is checked by check().
bool holds(json::value const& value, std::string_view keyword, json::value const& rule) {
  if (keyword == "const") return value == rule;
  if (keyword == "enum") return std::ranges::find(rule.as_array(), value) != rule.as_array().end();
  if (keyword == "type") return is_of_type(value, rule.as_string());
  if (keyword == "format") return is_of_format(value.as_string(), rule.as_string());
  if (keyword == "maxLength") return characters(value.as_string()) <= rule.to_number<std::uint64_t>();
  if (keyword == "maxItems") return value.as_array().size() <= rule.to_number<std::uint64_t>();
  if (keyword == "maxProperties") return value.as_object().size() <= rule.to_number<std::uint64_t>();
  if (keyword == "minimum") return value.to_number<std::int64_t>() >= rule.to_number<std::int64_t>();
  if (keyword == "maximum") return value.to_number<std::int64_t>() <= rule.to_number<std::int64_t>();
  if (keyword == "additionalProperties") return rule == true;
  static std::set<std::string_view> const others = {"description", "$ref", "items", "properties", "required"};
  return others.contains(keyword);
}

void check(json::value const& value, json::object const& rules, std::string const& place, Faults& faults) {
  // What is of the wrong type is asked nothing else.
  if (auto const* type = rules.if_contains("type"); type != nullptr && !is_of_type(value, type->as_string()))
    return faults.push_back(place + " is no " + std::string(type->as_string()));
  for (auto const& [keyword, rule] : rules)
    if (!holds(value, keyword, rule)) faults.push_back(place + ": " + std::string(keyword));
  if (auto const* reference = rules.if_contains("$ref"))
    check(value, definition(definition_named_by(*reference)), place, faults);
  if (rules.contains("properties")) check_members(value.as_object(), rules, place, faults);
  if (auto const* items = rules.if_contains("items"))
    for (auto const& item : value.as_array()) check(item, items->as_object(), place + "[]", faults);
}

Faults faults_of(std::string_view payload, std::string_view type) {
  Faults faults;
  check(json::parse(payload), definition(type), std::string(type), faults);
  return faults;
}

std::set<std::string> names_in(json::object const& object) {
  std::set<std::string> names;
  for (auto const& member : object) names.emplace(member.key());
  return names;
}

// What a payload with all its members has is what the schema describes: nothing there is made up.
void expect_all_members(std::string_view payload, std::string_view type) {
  auto const value = json::parse(payload).as_object();
  EXPECT_EQ(names_in(value), names_in(definition(type).at("properties").as_object())) << type;
  if (auto const* from = value.if_contains("from"))
    EXPECT_EQ(names_in(from->as_object()), names_in(definition("from").at("properties").as_object()));
}

CallPayload full(std::string type) {
  return {.type = std::move(type),
          .call_uuid = "6a1c4f5e-0000-8000-8000-000000000001",
          .tracking_id = "6a1c4f5e-0000-4000-8000-000000000002",
          .from_name = "Romeo",
          .from_address = "romeo@example.org",
          .media = "video",
          .nodes = {"sip.example.org:5061", "[2001:db8::1]:5061"},
          .deadline = from_unix_seconds(1'800'000'000)};
}

TEST(PayloadSchema, B_CALL_6_describes_the_payloads_of_calls) {
  for (auto const* type : {"call", "missed_call", "answered_elsewhere"}) {
    auto payload = full(type);
    expect_all_members(write_payload(payload), type);
    EXPECT_EQ(faults_of(write_payload(payload), type), Faults{});
    payload.from_name = {};
    payload.media = "audio";
    EXPECT_EQ(faults_of(write_payload(payload), type), Faults{}) << "a caller without a name";
    payload.from_name = payload.from_address = std::string(1000, '\xff');
    payload.nodes = std::vector<std::string>(100, "node.example.org:5061");
    EXPECT_EQ(faults_of(write_payload(payload), type), Faults{}) << "all too long, and no UTF-8";
  }
}

TEST(PayloadSchema, has_the_bounds_of_the_code) {
  auto const& from = definition("from").at("properties");
  EXPECT_EQ(from.at("name").at("maxLength").to_number<std::size_t>(), most_name_bytes);
  EXPECT_EQ(from.at("address").at("maxLength").to_number<std::size_t>(), most_address_bytes);
  auto const& nodes = definition("call").at("properties").at("nodes");
  EXPECT_EQ(nodes.at("maxItems").to_number<std::size_t>(), most_nodes);
}

TEST(PayloadSchema, describes_the_other_payloads) {
  MessagePayload const message{
      .conversation = std::string(32, 'c'), .archive_id = std::string(28, 'a'), .unread = UINT32_MAX};
  expect_all_members(write_payload(message), "message");
  EXPECT_EQ(faults_of(write_payload(message), "message"), Faults{});
  // The operator's test push, which admin writes and tests; a background push has nothing to say.
  expect_all_members(R"({"v":1,"type":"test"})", "test");
  EXPECT_EQ(faults_of(R"({"v":1,"type":"test"})", "test"), Faults{});
  EXPECT_EQ(faults_of("{}", "background"), Faults{});
}

TEST(PayloadSchema, offers_each_kind_by_its_type) {
  EXPECT_EQ(schema().at("$id"), "urn:reveille:push-payload:1");
  std::set<std::string> kinds;
  for (auto const& one : schema().at("oneOf").as_array()) kinds.insert(definition_named_by(one.at("$ref")));
  EXPECT_EQ(kinds,
            (std::set<std::string>{"call", "missed_call", "answered_elsewhere", "message", "test", "background"}));
  for (auto const& kind : kinds)
    if (kind != "background") EXPECT_EQ(definition(kind).at("properties").at("type").at("const").as_string(), kind);
}

TEST(PayloadSchema, is_read_strictly) {
  EXPECT_EQ(faults_of(R"({"v":1,"type":"test","more":0})", "test"), Faults{"test/more is not described"});
  EXPECT_EQ(faults_of(R"({"type":"test"})", "test"), Faults{"test lacks v"});
  EXPECT_EQ(faults_of(R"({"v":1,"type":"call"})", "test"), Faults{"test/type: const"});
  auto payload = full("call");
  payload.call_uuid = "no UUID";
  EXPECT_EQ(faults_of(write_payload(payload), "call"), Faults{"call/call_uuid: format"});
  EXPECT_EQ(faults_of(R"({"v":1,"type":"message","conversation":1,"archive_id":"","unread":"3"})", "message"),
            (Faults{"message/conversation is no string", "message/unread is no integer"}));
}

}  // namespace
}  // namespace reveille::decide
