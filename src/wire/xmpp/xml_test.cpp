#include "wire/xmpp/xml.hpp"

#include "wire/xmpp/namespaces.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reveille::xmpp {
namespace {

constexpr std::string_view header =
    "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xml:lang='en' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";

// Every event of a whole input, in a readable form.
std::vector<std::string> read(StreamParser& parser, std::string_view input) {
  std::vector<std::string> events;
  while (auto event = parser.next(input)) {
    if (auto const* opened = std::get_if<StreamOpened>(&*event))
      events.push_back("open " + std::string(opened->root.attribute("to")));
    if (auto const* element = std::get_if<Element>(&*event)) events.push_back(to_xml(*element, ns::client));
    if (std::holds_alternative<StreamClosed>(*event)) events.emplace_back("close");
    if (auto const* fault = std::get_if<StreamFault>(&*event)) events.emplace_back(name_of(fault->condition));
  }
  return events;
}

std::vector<std::string> read(std::string_view input, XmlLimits limits = {}) {
  StreamParser parser{limits};
  return read(parser, input);
}

std::vector<std::string> in_stream(std::string_view input, XmlLimits limits = {}) {
  StreamParser parser{limits};
  EXPECT_EQ(read(parser, header), std::vector<std::string>{"open localhost"});
  return read(parser, input);
}

using Events = std::vector<std::string>;

TEST(StreamParser, ReadsAStreamFromHeaderToEnd) {
  auto const whole =
      std::string(header) + "<message to='a@b'><body>hi &amp; \"bye\"</body></message>\n <presence/></stream:stream>";
  EXPECT_EQ(read(whole), (Events{"open localhost", "<message to='a@b'><body>hi &amp; \"bye\"</body></message>",
                                 "<presence/>", "close"}));
}

TEST(StreamParser, TheSameInPiecesOfAnySize) {
  auto const whole =
      std::string(header) +
      "<iq type='set' id=\"1\"><q xmlns='u:1' a=\"x'&lt;y\"><n:z xmlns:n='u:2' n:k='v'>\xC3\xA9<![CDATA[<&]]]>"
      "</n:z></q></iq>   <message><body>&#x1F600;&#10;</body></message></stream:stream>";
  auto const expected = read(whole);
  ASSERT_EQ(expected.size(), 4U);
  EXPECT_EQ(expected[1],
            "<iq type='set' id='1'><q xmlns='u:1' a='x&apos;&lt;y'><z xmlns='u:2' xmlns:a0='u:2' "
            "a0:k='v'>\xC3\xA9&lt;&amp;]</z></q></iq>");
  for (std::size_t size = 1; size < 20; ++size) {
    StreamParser parser;
    Events events;
    for (std::size_t at = 0; at < whole.size(); at += size)
      for (auto const& event : read(parser, std::string_view(whole).substr(at, size))) events.push_back(event);
    EXPECT_EQ(events, expected) << size;
  }
}

TEST(StreamParser, HoldsNothingBetweenStanzas) {
  StreamParser parser;
  std::ignore = read(parser, header);
  std::ignore = read(parser, "<message><body>" + std::string(50'000, 'x'));
  EXPECT_GE(parser.held_bytes(), 50'000U);
  std::ignore = read(parser, "</body></message>  ");
  EXPECT_EQ(parser.held_bytes(), 0U);
}

TEST(StreamParser, StopsBehindEachEventSoThatARestartCanDropTheRest) {
  StreamParser parser;
  auto const text = std::string(header) + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message/>";
  std::string_view input = text;
  ASSERT_TRUE(parser.next(input));
  ASSERT_TRUE(parser.next(input));
  EXPECT_EQ(input, "<message/>");
  parser.reset();
  EXPECT_EQ(read(parser, header), Events{"open localhost"});
}

TEST(StreamParser, AnyPrefixForTheStream) {
  EXPECT_EQ(
      read("<s:stream to='x' xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'><presence/></s:stream>"),
      (Events{"open x", "<presence/>", "close"}));
}

TEST(StreamParser, RefusesRestrictedXml) {
  EXPECT_EQ(in_stream("<!-- c -->"), Events{"restricted-xml"});
  EXPECT_EQ(in_stream("<message><!DOCTYPE a></message>"), Events{"restricted-xml"});
  EXPECT_EQ(in_stream("<?php x?>"), Events{"restricted-xml"});
  EXPECT_EQ(in_stream("<?xml version='1.0'?>"), Events{"restricted-xml"});
  EXPECT_EQ(in_stream("<message>&lol;</message>"), Events{"restricted-xml"});
  EXPECT_EQ(read("<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>"), Events{"restricted-xml"});
}

TEST(StreamParser, RefusesWhatIsNotWellFormed) {
  for (std::string_view const text : {"<a><b></a></b>",
                                      "<a",
                                      "<a b></a>",
                                      "<a b='1' b='2'/>",
                                      "<a b=1/>",
                                      "<a b='1'c='2'/>",
                                      "<a b='<'/>",
                                      "<1a/>",
                                      "<a>]]></a>",
                                      "<a>\x01</a>",
                                      "<a>\xC0\x80</a>",
                                      "<a>\xED\xA0\x80</a>",
                                      "<a>&#0;</a>",
                                      "<a>&#xD800;</a>",
                                      "<a>&#x110000;</a>",
                                      "<a>&amp</a>",
                                      "<x:a/>",
                                      "<a x:b='1'/>",
                                      "<a xmlns:x=''/>",
                                      "<a xmlns:xml='u'/>",
                                      "<a xmlns:xmlns='u'/>",
                                      "<a:b:c/>",
                                      "</a>",
                                      "<a></a >x",
                                      "<a xmlns:p='u' xmlns:q='u' p:k='1' q:k='2'/>",
                                      "< a/>",
                                      "<a/ >",
                                      "<a>&;</a>",
                                      "<a>&#;</a>"}) {
    auto const events = in_stream(std::string(text) + " ></stream:stream>");
    ASSERT_FALSE(events.empty()) << text;
    EXPECT_TRUE(events.back() == "not-well-formed" || events.back() == "bad-format" ||
                events.back() == "restricted-xml")
        << text << events.back();
  }
}

// Written as a default namespace it would be refused by every receiver's parser, each time the message is sent again.
TEST(StreamParser, RefusesElementsOfTheReservedPrefix) {
  EXPECT_EQ(in_stream("<message><xml:a/></message>"), Events{"bad-namespace-prefix"});
  EXPECT_EQ(in_stream("<xml:a xml:lang='en'/>"), Events{"bad-namespace-prefix"});
}

TEST(StreamParser, RefusesTextBetweenStanzas) {
  EXPECT_EQ(in_stream("hello"), Events{"bad-format"});
  EXPECT_EQ(in_stream("<![CDATA[ ]]>"), Events{"bad-format"});
  EXPECT_EQ(read("hello<a>"), Events{"not-well-formed"});
}

TEST(StreamParser, ReadsTheDeclaration) {
  EXPECT_EQ(read("<?xml version='1.0' encoding='UTF-8' standalone=\"yes\"?><a xmlns='x'>"), Events{"open "});
  EXPECT_EQ(read("<?xml version='1.0' encoding='latin1'?><a>"), Events{"unsupported-encoding"});
  EXPECT_EQ(read("<?xml encoding='utf-8'?><a>"), Events{"not-well-formed"});
}

TEST(StreamParser, LimitsEverySize) {
  XmlLimits const limits{.header_bytes = 300,
                         .stanza_bytes = 1000,
                         .depth = 5,
                         .attributes = 5,
                         .elements = 10,
                         .namespaces = 4,
                         .name_bytes = 20};
  Events const refused{"policy-violation"};
  auto const nested = [](int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += "<a>";
    return text;
  };
  EXPECT_EQ(in_stream(nested(5), limits), refused);
  EXPECT_EQ(in_stream(nested(4), limits), Events{});
  EXPECT_EQ(in_stream("<a>" + std::string(1000, 'x'), limits), refused);
  EXPECT_EQ(in_stream("<a b='" + std::string(1000, 'x'), limits), refused);
  EXPECT_EQ(in_stream("<a b='' c='' d='' e='' f='' g=''/>", limits), refused);
  EXPECT_EQ(in_stream("<a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/></a>", limits), refused);
  EXPECT_EQ(in_stream("<" + std::string(21, 'a') + "/>", limits), refused);
  EXPECT_EQ(in_stream("<a xmlns:b='u' xmlns:c='u' xmlns:d='u'/>", limits), refused);
  EXPECT_EQ(read("<stream a='" + std::string(400, 'x'), limits), refused);
}

TEST(StreamParser, ALongQuietStreamCountsNothing) {
  StreamParser parser{XmlLimits{.stanza_bytes = 100}};
  std::ignore = read(parser, header);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(read(parser, " \n"), Events{});
  EXPECT_EQ(read(parser, "<presence/>"), Events{"<presence/>"});
}

// What the parser has taken is read again as it was written, however much longer that is.
TEST(Element, WhatIsWrittenIsReadAgain) {
  std::string attributes;
  for (int i = 0; i < 31; ++i)
    attributes += " xmlns:n" + std::to_string(i) + "='u" + std::to_string(i) + "' n" + std::to_string(i) + ":a='v'";
  for (auto const& text : {std::string("<message><stream:error/><x xmlns=''><stream:y a='1'/></x></message>"),
                           "<message><a>" + std::string(200'000, '>') + "</a></message>",
                           "<message a=\"" + std::string(200'000, '\'') + "\"/>",
                           "<message><a" + attributes + "><b" + attributes + "/></a></message>"}) {
    StreamParser parser;
    std::string_view header_text = header;
    std::string_view input = text;
    std::ignore = parser.next(header_text);
    auto const event = parser.next(input);
    ASSERT_TRUE(event && std::holds_alternative<Element>(*event)) << text.substr(0, 100);
    auto const& element = std::get<Element>(*event);
    EXPECT_EQ(parse_element(to_xml(element, ns::client)).value_or(Element{}), element) << text.substr(0, 100);
  }
}

TEST(Element, WritesNamespacesOnce) {
  auto forwarded = make_element("forwarded", ns::forward);
  forwarded.add(make_element("message", ns::client, {{"to", "a"}}));
  EXPECT_EQ(to_xml(forwarded),
            "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='a'/></forwarded>");
  EXPECT_EQ(to_xml(make_element("features", ns::stream), ns::client), "<stream:features/>");
  EXPECT_EQ(to_xml(make_text_element("body", ns::client,
                                     "a\x02"
                                     "b<\n"),
                   ns::client),
            "<body>a\xEF\xBF\xBD"
            "b&lt;\n</body>");
}

}  // namespace
}  // namespace reveille::xmpp
