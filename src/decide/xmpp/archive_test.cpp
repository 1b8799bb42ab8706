// XEP-0313 and XEP-0059: what is asked of an archive, and how its pages are answered.
#include "decide/xmpp/archive.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::decide {
namespace {

using namespace xmpp;
using testing::HasSubstr;
using testing::Not;

ArchiveIds const ids{"a key that stays on disk"};

Element query(std::string const& fields, std::string const& set = {}) {
  return parse_element(
             "<iq type='set' id='q' from='juliet@localhost/balcony'><query xmlns='urn:xmpp:mam:2' queryid='7'>"
             "<x xmlns='jabber:x:data' type='submit'>" +
             fields + "</x><set xmlns='http://jabber.org/protocol/rsm'>" + set + "</set></query></iq>")
      .value();
}

std::string field(std::string const& name, std::string const& value) {
  return "<field var='" + name + "'><value>" + value + "</value></field>";
}

TEST(ArchiveIds, CannotBeMadeUp) {
  for (auto const row : {std::uint64_t{1}, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    auto const id = ids.id_of(row);
    EXPECT_EQ(ids.row_of(id), row);
    EXPECT_EQ(ArchiveIds{"another key"}.row_of(id), std::nullopt);
    for (std::size_t i = 0; i < id.size(); ++i) {
      auto forged = id;
      forged[i] = forged[i] == '0' ? '1' : '0';
      EXPECT_EQ(ids.row_of(forged), std::nullopt) << i;
      EXPECT_EQ(ids.row_of(id.substr(0, i)), std::nullopt);
    }
  }
  EXPECT_NE(ids.conversation_of("a@x", "b@x"), ids.conversation_of("b@x", "a@x"));
}

TEST(ArchiveQuery, ReadsFiltersAndPages) {
  auto wish =
      read_archive_query(query(field("FORM_TYPE", "urn:xmpp:mam:2") + field("with", "Romeo@localhost/x") +
                                   field("start", "2026-11-24T05:06:07Z") + field("end", "2026-11-24T07:06:07+01:00"),
                               "<max>7</max><after>" + ids.id_of(9) + "</after>"),
                         ids);
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->query_id, "7");
  EXPECT_EQ(wish->peer, "romeo@localhost");
  EXPECT_EQ(wish->exactly->text(), "romeo@localhost/x");
  EXPECT_EQ(*wish->until - *wish->since, 1h);
  EXPECT_EQ(wish->after, 9U);
  EXPECT_EQ(wish->before, 0U);
  EXPECT_EQ(wish->most, 7U);
  EXPECT_EQ(wish->from, PageEnd::oldest);

  wish = read_archive_query(query("", "<max>100000</max><before/>"), ids);
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->most, 100U);
  EXPECT_EQ(wish->from, PageEnd::newest);
  EXPECT_EQ(wish->before, 0U);

  wish = read_archive_query(query("", "<before>" + ids.id_of(5) + "</before>"), ids);
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->before, 5U);
  EXPECT_EQ(wish->from, PageEnd::newest);
}

TEST(ArchiveQuery, AQuestionItCannotAnswerIsAnErrorNotAnEmptyPage) {
  auto const fault = [](std::string const& fields, std::string const& set = {}) {
    auto const wish = read_archive_query(query(fields, set), ids);
    return wish ? std::string("none") : std::string(name_of(wish.error()));
  };
  EXPECT_EQ(fault("", "<after>" + std::string(28, '0') + "</after>"), "item-not-found");
  EXPECT_EQ(fault("", "<before>" + ArchiveIds{"k"}.id_of(5) + "</before>"), "item-not-found");
  EXPECT_EQ(fault("", "<after>a message's own id</after>"), "item-not-found");
  EXPECT_EQ(fault("", "<max>-1</max>"), "bad-request");
  EXPECT_EQ(fault("", "<max>many</max>"), "bad-request");
  EXPECT_EQ(fault(field("start", "yesterday")), "bad-request");
  EXPECT_EQ(fault(field("with", "a b@localhost")), "jid-malformed");
  EXPECT_EQ(fault(field("full-text", "love")), "feature-not-implemented");
  EXPECT_EQ(name_of(read_archive_query(parse_element("<iq type='set' id='1'/>").value(), ids).error()), "bad-request");
}

// Section 4.1.1.
TEST(ArchiveQuery, AFullAddressIsThatResourceAndNoOther) {
  auto const is_found = [](std::string const& with, std::string const& from, std::string const& to) {
    auto const wish = read_archive_query(query(field("with", with)), ids).value();
    return is_asked_for(wish, "<message from='" + from + "' to='" + to + "'/>");
  };
  EXPECT_TRUE(is_found("romeo@localhost/x", "romeo@localhost/x", "juliet@localhost"));
  EXPECT_TRUE(is_found("romeo@localhost/x", "juliet@localhost/balcony", "Romeo@LOCALHOST/x"));
  EXPECT_FALSE(is_found("romeo@localhost/x", "romeo@localhost/y", "juliet@localhost"));
  EXPECT_FALSE(is_found("romeo@localhost/x", "juliet@localhost/balcony", "romeo@localhost"));
  EXPECT_TRUE(is_found("romeo@localhost", "romeo@localhost/y", "juliet@localhost"));
}

TEST(ArchiveAnswer, ResultsFirstThenTheEndOfThePage) {
  auto const asked = query("");
  auto const wish = read_archive_query(asked, ids).value();
  std::vector<ArchiveRow> const rows = {{.row = 3,
                                         .at = from_unix_seconds(1'800'000'000),
                                         .stanza = "<message from='romeo@localhost/x'><body>1</body></message>"},
                                        {.row = 8,
                                         .at = from_unix_seconds(1'800'000'001),
                                         .stanza = "<message from='romeo@localhost/x'><body>2</body></message>"}};
  auto const stanzas = answer_archive_query(asked, wish, {.rows = rows, .edge = PageEdge::more}, ids);
  ASSERT_EQ(stanzas.size(), 3U);
  auto const first = to_xml(stanzas[0], ns::client);
  EXPECT_THAT(first, HasSubstr("<message from='juliet@localhost' to='juliet@localhost/balcony'>"));
  EXPECT_THAT(first, HasSubstr("<result xmlns='urn:xmpp:mam:2' queryid='7' id='" + ids.id_of(3) + "'>"));
  EXPECT_THAT(first, HasSubstr("<delay xmlns='urn:xmpp:delay' stamp='2027-01-15T08:00:00"));
  auto const end = to_xml(stanzas[2], ns::client);
  EXPECT_THAT(end, HasSubstr("<first>" + ids.id_of(3) + "</first><last>" + ids.id_of(8) + "</last>"));
  EXPECT_THAT(end, Not(HasSubstr("complete")));

  auto const empty = answer_archive_query(asked, wish, {}, ids);
  ASSERT_EQ(empty.size(), 1U);
  EXPECT_THAT(to_xml(empty[0], ns::client), testing::AllOf(HasSubstr("complete='true'"), Not(HasSubstr("<first>"))));
  auto const counted = answer_archive_query(asked, wish, {.edge = PageEdge::more, .count = 12}, ids);
  EXPECT_THAT(to_xml(counted[0], ns::client), HasSubstr("<count>12</count>"));
  EXPECT_THAT(to_xml(describe_archive_form(asked), ns::client), HasSubstr("var='with'"));
}

}  // namespace
}  // namespace reveille::decide
