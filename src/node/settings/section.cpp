#include "node/settings/section.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace reveille::node {
namespace {

Value const nothing{.line = 0, .content = Entries{}};

struct Unit {
  std::string_view name = {};
  Duration length = {};
};
constexpr Unit units[] = {{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h}};

std::string listed(std::vector<std::string> const& words) {
  std::string text;
  for (auto const& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number <= 0) return std::nullopt;
  std::string_view const unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  auto const found = std::ranges::find(units, unit, &Unit::name);
  if (found == std::end(units) || number > Duration(36'500 * 24h) / found->length) return std::nullopt;
  return number * found->length;
}

Section::Section(Value const& table, std::string name, Reading& reading)
    : table_(&table), name_(std::move(name)), reading_(&reading) {}

std::string Section::name_of(std::string_view key) const {
  return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

void Section::blame(Value const& value, std::string sentence) {
  reading_->faults.push_back({.line = value.line, .sentence = std::move(sentence)});
}

Value const* Section::find(std::string_view key) {
  asked_.emplace_back(key);
  auto const& entries = std::get<Entries>(table_->content).values;
  auto const found = std::ranges::find(entries, key, &Value::key);
  return found == entries.end() ? nullptr : &*found;
}

unsigned Section::line_of(std::string_view key) {
  auto const* value = find(key);
  return value ? value->line : 0;
}

template <class T>
T const* Section::typed(std::string_view key, std::string_view wanted) {
  auto const* value = find(key);
  if (!value) return nullptr;
  auto const* content = std::get_if<T>(&value->content);
  if (!content)
    blame(*value,
          "'" + name_of(key) + "' must be " + std::string(wanted) + "; here is " + std::string(type_of(*value)));
  return content;
}

void Section::read(std::string_view key, std::string& into) {
  if (auto const* text = typed<std::string>(key, "text")) into = *text;
}

void Section::read(std::string_view key, bool& into) {
  if (auto const* truth = typed<bool>(key, "true or false")) into = *truth;
}

void Section::read(std::string_view key, std::uint16_t& into) {
  into = static_cast<std::uint16_t>(number_up_to(std::numeric_limits<std::uint16_t>::max(), key, into));
}

void Section::read(std::string_view key, std::uint32_t& into) {
  into = number_up_to(std::numeric_limits<std::uint32_t>::max(), key, into);
}

// What is set already where there is none, or none that will do.
std::uint32_t Section::number_up_to(std::uint32_t most, std::string_view key, std::uint32_t otherwise) {
  auto const* number = typed<std::int64_t>(key, "a whole number");
  if (!number) return otherwise;
  if (*number >= 0 && *number <= most) return static_cast<std::uint32_t>(*number);
  blame(*find(key), "'" + name_of(key) + "' must be between 0 and " + std::to_string(most) + "; here is " +
                        std::to_string(*number));
  return otherwise;
}

void Section::read(std::string_view key, Duration& into) {
  auto const* text = typed<std::string>(key, "a time with its unit, such as \"5s\" or \"300ms\"");
  if (!text) return;
  if (auto const duration = parse_duration(*text))
    into = *duration;
  else
    blame(*find(key), "'" + name_of(key) +
                          "' must be a time with its unit (ms, s, m, h, d), such as \"5s\"; here is \"" + *text + "\"");
}

void Section::read(std::string_view key, std::filesystem::path& into) {
  auto const* text = typed<std::string>(key, "the path of a file or folder");
  if (!text) return;
  if (text->empty()) return blame(*find(key), "'" + name_of(key) + "' is an empty path");
  into = (reading_->folder / *text).lexically_normal();
}

void Section::read(std::string_view key, std::vector<std::string>& into) {
  auto const* list = typed<Array>(key, "a list of texts");
  if (!list) return;
  std::vector<std::string> texts;
  for (auto const& value : list->values) {
    auto const* text = std::get_if<std::string>(&value.content);
    if (!text)
      return blame(value, "'" + name_of(key) + "' must be a list of texts; in it is " + std::string(type_of(value)));
    texts.push_back(*text);
  }
  into = std::move(texts);
}

Section Section::section(std::string_view key) {
  auto const* value = find(key);
  if (value && !std::holds_alternative<Entries>(value->content)) {
    blame(*value, "'" + name_of(key) + "' must be a table: write [" + name_of(key) + "]");
    value = nullptr;
  }
  return {value ? *value : nothing, name_of(key), *reading_};
}

std::vector<Section> Section::sections(std::string_view key) {
  std::vector<Section> result;
  auto const* value = find(key);
  if (!value) return result;
  auto const* list = std::get_if<Array>(&value->content);
  auto const is_table = [](Value const& each) { return std::holds_alternative<Entries>(each.content); };
  if (!list || !std::ranges::all_of(list->values, is_table)) {
    blame(*value, "'" + name_of(key) + "' must be a list of tables: write [[" + name_of(key) + "]]");
    return result;
  }
  for (auto const& each : list->values) result.emplace_back(each, name_of(key), *reading_);
  return result;
}

std::optional<std::size_t> Section::choice(std::string_view key, std::span<std::string_view const> words) {
  auto const* text = typed<std::string>(key, "text");
  if (!text) return std::nullopt;
  auto const found = std::ranges::find(words, *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  blame(*find(key), "'" + name_of(key) + "' must be one of: " + listed({words.begin(), words.end()}) + "; here is \"" +
                        *text + "\"");
  return std::nullopt;
}

void Section::require(std::string_view key) {
  if (!find(key)) blame(*table_, "[" + name_ + "] lacks '" + std::string(key) + "'");
}

void Section::finish() {
  std::ranges::sort(asked_);
  asked_.erase(std::ranges::unique(asked_).begin(), asked_.end());
  for (auto const& value : std::get<Entries>(table_->content).values)
    if (!std::ranges::binary_search(asked_, value.key))
      blame(value, "unknown key '" + name_of(value.key) + "'; known here: " + listed(asked_));
}

}  // namespace reveille::node
