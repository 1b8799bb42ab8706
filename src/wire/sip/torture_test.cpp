// The messages of RFC 4475, "SIP Torture Test Messages", from a folder that is not part of the repository: named by the
// environment variable REVEILLE_TORTURE, or shared/data/rfc4475 beside the project.
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
#include <string>

namespace reveille::sip {
namespace {

// 0: accepted. A status: refused with it. `drop`: a response, or nothing that could be answered, is dropped.
constexpr int accept = 0;
constexpr int drop = -1;

std::map<std::string, std::set<int>> const outcomes{
    // 3.1.1. Valid messages.
    {"wsinv", {accept}},
    {"intmeth", {accept}},
    {"esc01", {accept}},
    {"escnull", {accept}},
    {"esc02", {accept}},
    {"lwsdisp", {accept}},
    {"longreq", {accept}},
    {"dblreq", {accept}},
    {"semiuri", {accept}},
    {"transports", {accept}},
    {"mpart01", {accept}},
    {"unreason", {accept}},
    {"noreason", {accept}},
    // 3.1.2. Invalid messages.
    {"badinv01", {400}},
    {"clerr", {400}},
    {"ncl", {400}},
    {"scalar02", {400}},
    {"scalarlg", {drop}},
    {"quotbal", {400}},
    {"ltgtruri", {400}},
    {"lwsruri", {400}},
    {"lwsstart", {400}},
    {"trws", {400, accept}},
    {"escruri", {400}},
    {"baddate", {400, accept}},
    {"regbadct", {400}},
    {"badaspec", {400}},
    {"baddn", {400, accept}},
    {"badvers", {505}},
    {"mismatch01", {400}},
    {"mismatch02", {400, 501}},
    {"bigcode", {drop}},
    // 3.2. Transaction layer.
    {"badbranch", {400, accept}},
    // 3.3. Application layer: what the language itself can tell; the rest is accepted here.
    {"insuf", {400, drop}},
    {"unkscm", {416}},
    {"novelsc", {416}},
    {"unksm2", {accept}},
    {"bext01", {accept}},
    {"invut", {accept}},
    {"regaut01", {accept}},
    {"multi01", {400}},
    {"mcl01", {400}},
    {"bcast", {accept}},
    {"zeromf", {483}},
    {"cparam01", {accept}},
    {"cparam02", {accept}},
    {"regescrt", {accept}},
    {"sdp01", {accept}},
    // 3.4. Backward compatibility.
    {"inv2543", {accept}},
};

std::filesystem::path folder() {
  if (auto const* const named = std::getenv("REVEILLE_TORTURE")) return named;
  auto at = std::filesystem::absolute(std::filesystem::path(__FILE__)).lexically_normal();
  for (; at.has_relative_path(); at = at.parent_path())
    if (auto const found = at / "shared/data/rfc4475"; std::filesystem::is_directory(found)) return found;
  return "../shared/data/rfc4475";
}

std::string read_file(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int outcome_of(std::string bytes) {
  MessageView view;
  if (auto const parsed = parse_datagram(bytes, view); !parsed) {
    auto const& error = parsed.error();
    return error.status == 0 || error.answerable == Answerable::no ? drop : error.status;
  }
  if (view.is_response()) return check_response(view) ? drop : accept;
  auto const refusal = check_request(view, Handling::forwarding);
  return refusal ? status_of(*refusal) : accept;
}

TEST(Torture, EachMessageHasOneOfItsOutcomes) {
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
  for (auto const& [name, accepted] : outcomes) {
    auto bytes = read_file(place / (name + ".dat"));
    if (outcome_of(bytes) != accept) continue;
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
