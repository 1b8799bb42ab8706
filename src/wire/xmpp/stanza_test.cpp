#include "wire/xmpp/stanza.hpp"

#include "wire/xmpp/namespaces.hpp"

#include <gtest/gtest.h>

namespace reveille::xmpp {
namespace {

TEST(Stanza, TypesAsRfc6121HasThem) {
  auto message = make_element("message", ns::client);
  EXPECT_EQ(kind_of(message), StanzaKind::message);
  EXPECT_EQ(message_type_of(message), MessageType::normal);
  EXPECT_EQ(message_type_of(message.set("type", "shout")), MessageType::normal);
  EXPECT_EQ(message_type_of(message.set("type", "chat")), MessageType::chat);
  auto presence = make_element("presence", ns::client);
  EXPECT_EQ(presence_type_of(presence), PresenceType::available);
  EXPECT_EQ(presence_type_of(presence.set("type", "probe")), PresenceType::probe);
  EXPECT_EQ(presence_type_of(presence.set("type", "invisible")), std::nullopt);
  EXPECT_EQ(kind_of(make_element("message", "jabber:server")), std::nullopt);
  EXPECT_EQ(iq_type_of(make_element("iq", ns::client)), std::nullopt);
}

TEST(Stanza, AnErrorIsNeverAnsweredWithAnError) {
  auto request = make_element("iq", ns::client, {{"type", "get"}, {"id", "7"}, {"from", "a@b/c"}, {"to", "b"}});
  auto const error = error_of(request, StanzaError::service_unavailable);
  ASSERT_TRUE(error);
  EXPECT_EQ(to_xml(*error, ns::client),
            "<iq type='error' id='7' from='b' to='a@b/c'><error type='cancel'><service-unavailable "
            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_EQ(condition_of(*error), "service-unavailable");
  EXPECT_FALSE(error_of(*error, StanzaError::bad_request));
  EXPECT_FALSE(error_of(result_of(request), StanzaError::bad_request));
}

TEST(Stanza, OnlyOurOwnStanzaIdStays) {
  auto message = make_element("message", ns::client);
  message.add(make_element("stanza-id", ns::stanza_id, {{"by", "me@x"}, {"id", "forged"}}));
  message.add(make_element("stanza-id", ns::stanza_id, {{"by", "room@x"}, {"id", "1"}}));
  set_stanza_id(message, "me@x", "42");
  EXPECT_EQ(stanza_id_of(message, "me@x"), "42");
  EXPECT_EQ(stanza_id_of(message, "room@x"), "1");
  EXPECT_EQ(message.children.size(), 2U);
  // However the address is spelled.
  for (auto const* forged : {"Me@X", "ＭＥ@x", "me@x/", "@"})
    message.add(make_element("stanza-id", ns::stanza_id, {{"by", forged}, {"id", "forged"}}));
  strip_stanza_ids(message, "me@x");
  EXPECT_EQ(to_xml(message, ns::client).find("me@x'"), std::string::npos);
  EXPECT_EQ(message.children.size(), 3U) << "what is no address is nobody's";
  EXPECT_EQ(stanza_id_of(message, "room@x"), "1");
}

}  // namespace
}  // namespace reveille::xmpp
