// The messages of RFC 4475, "SIP Torture Test Messages", from a folder that is not part of the repository: named by the
// environment variable REVEILLE_TORTURE, or shared/data/rfc4475 beside the project. What may become of each is in
// tests/torture/rfc4475.tsv, which the running server is held to as well.
#include "wire/sip/owned_message.hpp"
#include "wire/sip/validate.hpp"
#include "wire/sip/via.hpp"
#include "wire/sip/writer.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace reveille::sip {
namespace {

using Outcomes = std::map<std::string, std::set<std::string>>;

// The folder or file of that name above this file, or above the folder that the test runs in: a compiler behind ccache
// names its files from the build folder.
std::filesystem::path find_above(std::string_view name) {
  for (auto const& start : {std::filesystem::absolute(__FILE__).lexically_normal(), std::filesystem::current_path()})
    for (auto at = start; at.has_relative_path(); at = at.parent_path())
      if (auto found = at / name; std::filesystem::exists(found)) return found;
  return name;
}

std::filesystem::path folder() {
  if (auto const* const named = std::getenv("REVEILLE_TORTURE")) return named;
  return find_above("shared/data/rfc4475");
}

std::set<std::string> words_of(std::string const& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

// By message: the third column of the table.
Outcomes read_table() {
  Outcomes outcomes;
  std::ifstream in(find_above("tests/torture/rfc4475.tsv"));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream row(line);
    std::string message, section, language;
    std::getline(row, message, '\t');
    std::getline(row, section, '\t');
    std::getline(row, language, '\t');
    outcomes[message] = words_of(language);
  }
  return outcomes;
}

std::string read_file(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string outcome_of(std::string bytes) {
  MessageView view;
  if (auto const parsed = parse_datagram(bytes, view); !parsed) {
    auto const& error = parsed.error();
    return error.status == 0 || error.answerable == Answerable::no ? "drop" : std::to_string(error.status);
  }
  if (view.is_response()) return check_response(view) ? "drop" : "accept";
  auto const refusal = check_request(view, Handling::forwarding);
  return refusal ? std::to_string(status_of(*refusal)) : "accept";
}

TEST(Torture, EachMessageHasOneOfItsOutcomes) {
  auto const outcomes = read_table();
  ASSERT_EQ(outcomes.size(), 49U);
  auto const place = folder();
  if (!std::filesystem::is_directory(place))
    GTEST_SKIP() << "the messages of RFC 4475 are not here: " << place << "; set REVEILLE_TORTURE to their folder";
  for (auto const& [name, accepted] : outcomes) {
    auto const bytes = read_file(place / (name + ".dat"));
    ASSERT_FALSE(bytes.empty()) << name;
    auto const outcome = outcome_of(bytes);
    EXPECT_TRUE(accepted.contains(outcome)) << name << " came out as " << outcome;
  }
}

TEST(Torture, WhatIsAcceptedCanBeForwardedAndReadAgain) {
  auto const place = folder();
  if (!std::filesystem::is_directory(place)) GTEST_SKIP() << "the messages of RFC 4475 are not here: " << place;
  for (auto const& [name, accepted] : read_table()) {
    auto bytes = read_file(place / (name + ".dat"));
    if (outcome_of(bytes) != "accept") continue;
    MessageView view;
    ASSERT_TRUE(parse_datagram(bytes, view));
    std::string out;
    EXPECT_EQ(Forward(view).prepend_via("SIP/2.0/UDP proxy;branch=z9hG4bKx").decrement_max_forwards().write(out),
              Written::yes);
    auto const again = Message::parse(out);
    ASSERT_TRUE(again) << name;
    EXPECT_EQ((*again)->body(), view.body()) << name;
    EXPECT_EQ((*again)->text(HeaderName::to), view.text(HeaderName::to)) << name;
    EXPECT_EQ(check_request(**again, Handling::receiving), check_request(view, Handling::receiving)) << name;
  }
}

}  // namespace
}  // namespace reveille::sip
