// XEP-0313 section 5.1.1, XEP-0334: which stanzas are messages to a person, and which are kept.
#include "decide/xmpp/message.hpp"

#include "wire/xmpp/xml.hpp"

#include <gtest/gtest.h>

namespace reveille::decide {
namespace {

model::MessageTraits traits(std::string_view message) {
  return traits_of(xmpp::parse_element(message).value());
}

TEST(MessageTraits, WhatIsKeptAndWhatIsRead) {
  struct Case {
    std::string_view message;
    bool body;
    bool kept;
  };
  Case const cases[] = {
      {"<message type='chat'><body>x</body></message>", true, true},
      {"<message><body>x</body></message>", true, true},
      {"<message type='chat'><body/></message>", false, false},
      {"<message type='groupchat'><body>x</body></message>", false, false},
      {"<message type='headline'><body>x</body></message>", false, false},
      {"<message type='error'><body>x</body></message>", false, false},
      {"<message type='chat'><encrypted "
       "xmlns='eu.siacs.conversations.axolotl'><payload>x</payload></encrypted></message>",
       true, true},
      {"<message type='chat'><body>x</body><no-store xmlns='urn:xmpp:hints'/></message>", true, false},
      {"<message type='chat'><body>x</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>", true, false},
      {"<message type='chat'><store xmlns='urn:xmpp:hints'/></message>", false, true},
      {"<message type='chat'><received xmlns='urn:xmpp:receipts' id='1'/></message>", false, true},
      {"<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", false, false},
      {"<message type='chat'><propose xmlns='urn:xmpp:jingle-message:0' id='1'/></message>", false, true}};
  for (auto const& one : cases) {
    EXPECT_EQ(traits(one.message).has_body, one.body) << one.message;
    EXPECT_EQ(traits(one.message).is_kept, one.kept) << one.message;
  }
  EXPECT_EQ(traits("<message><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/></message>").displayed, "m1");
}

}  // namespace
}  // namespace reveille::decide
