// Section: one table of the configuration file, read key by key into typed members.
//
// A key that is absent leaves its member as it is: the default. A wrong type or value, and (at finish) a key that
// nobody asked for, becomes a Fault with its line. All faults are gathered, so that an administrator sees them in one
// go.
#pragma once

#include "base/instant.hpp"
#include "node/settings/document.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::node {

// What every section of a file shares.
struct Reading {
  std::filesystem::path folder = {};  // of the file: relative paths start here
  std::vector<Fault> faults = {};
};

class Section {
 public:
  // `name` is how messages call it: "calls", "push.apns"; empty for the top of the file.
  Section(Value const& table, std::string name, Reading& reading);

  void read(std::string_view key, std::string& into);
  void read(std::string_view key, bool& into);
  void read(std::string_view key, std::uint16_t& into);
  void read(std::string_view key, std::uint32_t& into);
  void read(std::string_view key, Duration& into);
  void read(std::string_view key, std::filesystem::path& into);
  void read(std::string_view key, std::vector<std::string>& into);

  // The value for a key whose form is the caller's affair; nothing when absent.
  [[nodiscard]] Value const* find(std::string_view key);
  // A table of this table; an empty one when absent.
  [[nodiscard]] Section section(std::string_view key);
  // [[name.key]]: each as a section.
  [[nodiscard]] std::vector<Section> sections(std::string_view key);

  // One of the words given, by its place; nothing when absent or wrong.
  [[nodiscard]] std::optional<std::size_t> choice(std::string_view key, std::span<std::string_view const> words);

  [[nodiscard]] unsigned line() const { return table_->line; }
  // Where a key stands; 0 when it is absent.
  [[nodiscard]] unsigned line_of(std::string_view key);
  void blame(Value const& value, std::string sentence);
  // What is missing is blamed on the section's own line.
  void require(std::string_view key);
  // Blames every key that was not asked for.
  void finish();

 private:
  [[nodiscard]] std::string name_of(std::string_view key) const;
  [[nodiscard]] std::uint32_t number_up_to(std::uint32_t most, std::string_view key, std::uint32_t otherwise);
  template <class T>
  [[nodiscard]] T const* typed(std::string_view key, std::string_view wanted);

  Value const* table_;
  std::string name_;
  Reading* reading_;
  std::vector<std::string> asked_{};
};

// "300ms", "5s", "2m", "72h", "90d": a whole number and a unit, above zero.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

}  // namespace reveille::node
