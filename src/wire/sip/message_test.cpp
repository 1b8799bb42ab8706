#include "wire/sip/message.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace reveille::sip {
namespace {

std::string const register_text =
    "REGISTER sip:localhost SIP/2.0\r\n"
    "Via: SIP/2.0/TLS 192.0.2.7:40001;branch=z9hG4bK1;rport\r\n"
    "Max-Forwards: 70\r\n"
    "f: \"Juliet\" <sip:juliet@localhost>;tag=a1\r\n"
    "t: <sip:juliet@localhost>\r\n"
    "i: 1-call@192.0.2.7\r\n"
    "CSeq: 2 REGISTER\r\n"
    "Supported: path, outbound\r\n"
    "Supported: gruu\r\n"
    "X-Own: one\r\n"
    "m: <sip:juliet@192.0.2.7:40001;transport=tls>,\r\n"
    "\t<sip:juliet@192.0.2.8>;q=0.5\r\n"
    "l: 4\r\n"
    "\r\n"
    "body";

MessageView read(std::string& bytes) {
  MessageView view;
  auto const parsed = parse_datagram(bytes, view);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().reason) << "\n" << bytes;
  return view;
}

ParseError fault_of(std::string bytes) {
  MessageView view;
  auto const parsed = parse_datagram(bytes, view);
  EXPECT_FALSE(parsed) << bytes;
  return parsed ? ParseError{.status = 200} : parsed.error();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  auto const at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

TEST(Message, ReadsARequest) {
  auto bytes = register_text;
  auto const view = read(bytes);
  EXPECT_TRUE(view.is_request());
  EXPECT_EQ(view.method(), Method::register_);
  EXPECT_EQ(view.method_text(), "REGISTER");
  EXPECT_EQ(view.request_uri(), "sip:localhost");
  EXPECT_EQ(view.header_count(), 11U);
  EXPECT_EQ(view.text(HeaderName::from), "\"Juliet\" <sip:juliet@localhost>;tag=a1");
  EXPECT_EQ(view.call_id(), "1-call@192.0.2.7");
  EXPECT_EQ(view.first("x-OWN"), "one");
  EXPECT_EQ(view.first("to"), "<sip:juliet@localhost>");
  EXPECT_FALSE(view.first("X-Other"));
  EXPECT_FALSE(view.first(HeaderName::route));
  EXPECT_EQ(view.body(), "body");
}

TEST(Message, ReadsAResponse) {
  std::string bytes = "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n\r\n";
  auto const view = read(bytes);
  EXPECT_TRUE(view.is_response());
  EXPECT_EQ(view.status(), 486);
  EXPECT_EQ(view.reason(), "Busy Here");
  EXPECT_EQ(view.request_uri(), "");
}

TEST(Message, GoesThroughLinesAndElements) {
  auto bytes = register_text;
  auto const view = read(bytes);
  std::vector<std::string> lines, elements;
  for (auto const value : view.all(HeaderName::supported)) lines.emplace_back(value);
  EXPECT_EQ(lines, (std::vector<std::string>{"path, outbound", "gruu"}));
  for (auto const element : view.elements(HeaderName::supported)) elements.emplace_back(element);
  EXPECT_EQ(elements, (std::vector<std::string>{"path", "outbound", "gruu"}));
  EXPECT_TRUE(view.holds(HeaderName::supported, "GRUU"));
  EXPECT_FALSE(view.holds(HeaderName::supported, "replaces"));
  EXPECT_EQ(view.count(HeaderName::supported), 2U);
}

TEST(Message, UndoesFoldsInPlace) {
  auto bytes = register_text;
  auto const view = read(bytes);
  EXPECT_EQ(view.text(HeaderName::contact),
            "<sip:juliet@192.0.2.7:40001;transport=tls>,  \t<sip:juliet@192.0.2.8>;q=0.5");
}

TEST(Message, AnOwnedOneOutlivesItsBytesAndMoves) {
  std::string bytes = register_text;
  Message first(read(bytes));
  bytes.assign(bytes.size(), '?');
  Message second = first;
  Message third = std::move(first);
  std::vector<Message> many{second, third};
  many.push_back(std::move(second));
  for (auto const& one : many) {
    EXPECT_EQ(one->call_id(), "1-call@192.0.2.7");
    EXPECT_EQ(one->body(), "body");
    EXPECT_GE(one->call_id().data(), one.bytes().data());
    EXPECT_LT(one->call_id().data(), one.bytes().data() + one.bytes().size());
  }
}

TEST(Message, ADatagramsBodyEndsWithItOrByItsLength) {
  auto without = replaced(register_text, "l: 4\r\n", "");
  EXPECT_EQ(read(without).body(), "body");
  auto more = register_text + "beyond";
  EXPECT_EQ(read(more).body(), "body");
  EXPECT_EQ(fault_of(replaced(register_text, "l: 4", "l: 5")).fault, ParseFault::body_short);
}

TEST(Message, SaysWhetherItCanBeAnswered) {
  auto const broken = fault_of(replaced(register_text, "l: 4", "l: four"));
  EXPECT_EQ(broken.fault, ParseFault::content_length);
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(broken.answerable, Answerable::yes);
  EXPECT_EQ(fault_of(replaced(replaced(register_text, "l: 4", "l: four"), "i: ", "j: ")).answerable, Answerable::no);
  auto const version = fault_of(replaced(register_text, "SIP/2.0\r\n", "SIP/3.0\r\n"));
  EXPECT_EQ(version.fault, ParseFault::version);
  EXPECT_EQ(version.status, 505);
  EXPECT_EQ(version.answerable, Answerable::yes);
}

TEST(Message, AKeepAliveIsNoMessage) {
  for (std::string const& text : {std::string("\r\n\r\n"), std::string("\r\n"), std::string(4, '\0'), std::string()}) {
    auto const error = fault_of(text);
    EXPECT_EQ(error.fault, ParseFault::keep_alive);
    EXPECT_EQ(error.status, 0);
  }
}

TEST(Message, BlankLinesBeforeItAreIgnored) {
  auto bytes = "\r\n\r\n" + register_text;
  EXPECT_EQ(read(bytes).method(), Method::register_);
}

struct Hostile {
  std::string_view from;
  std::string_view to;
  ParseFault fault;
};

TEST(Message, RefusesHostileForms) {
  using enum ParseFault;
  std::vector<Hostile> const cases{
      {"REGISTER sip:localhost SIP/2.0", "REGISTER  sip:localhost SIP/2.0", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER sip:localhost  SIP/2.0", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER sip:localhost SIP/2.0 ", start_line},
      {"REGISTER sip:localhost SIP/2.0", " REGISTER sip:localhost SIP/2.0", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER <sip:localhost> SIP/2.0", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER sip:local host SIP/2.0", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER sip:localhost", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REG(ISTER sip:localhost SIP/2.0", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER sip:localhost HTTP/1.1", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER sip:localhost SIP/20", start_line},
      {"REGISTER sip:localhost SIP/2.0", "REGISTER sip:localhost SIP/2.00", version},
      {"REGISTER sip:localhost SIP/2.0", "SIP/2.0 99 Too Low", status_code},
      {"REGISTER sip:localhost SIP/2.0", "SIP/2.0 700 Too High", status_code},
      {"REGISTER sip:localhost SIP/2.0", "SIP/2.0 4294967396 OK", status_code},
      {"REGISTER sip:localhost SIP/2.0", "SIP/2.0 +20 OK", status_code},
      {"REGISTER sip:localhost SIP/2.0", "SIP/2.0", start_line},
      {"X-Own: one", "X-Own one", header},
      {"X-Own: one", "X Own: one", header},
      {"X-Own: one", ": one", header},
      {"X-Own: one", "X-Own: on\re", line_end},
      {"X-Own: one", "X-Own: one\nEvil: two", line_end},
      {"X-Own: one", "X-Own: one\n", line_end},
      {"X-Own: one", "X-Own: one\r", line_end},
      {"l: 4", "l: -4", content_length},
      {"l: 4", "l: +4", content_length},
      {"l: 4", "l: 4 4", content_length},
      {"l: 4", "l:", content_length},
      {"l: 4", "l: 0x4", content_length},
      {"l: 4", "l: 99999999999999999999", content_length},
      {"l: 4", "l: 4\r\nContent-Length: 3", content_length},
      {"l: 4", "l: 4294967295", body_short},
  };
  for (auto const& one : cases) {
    auto const error = fault_of(replaced(register_text, one.from, one.to));
    EXPECT_EQ(static_cast<int>(error.fault), static_cast<int>(one.fault)) << one.to;
  }
}

TEST(Message, RefusesWhatIsTooMuch) {
  std::string many = "OPTIONS sip:a SIP/2.0\r\n";
  for (int i = 0; i < 129; ++i) many += "X: y\r\n";
  EXPECT_EQ(fault_of(many + "\r\n").fault, ParseFault::too_many_headers);
  EXPECT_EQ(fault_of(many + "\r\n").status, 513);
  auto const huge = fault_of(replaced(register_text, "body", std::string(70'000, 'x')));
  EXPECT_EQ(huge.fault, ParseFault::too_large);
  EXPECT_EQ(huge.status, 513);
  EXPECT_EQ(huge.answerable, Answerable::yes);
  EXPECT_EQ(fault_of("OPTIONS sip:a SIP/2.0\r\nX: " + std::string(70'000, 'x')).fault, ParseFault::incomplete);
  EXPECT_EQ(fault_of("OPTIONS sip:a SIP/2.0\r\nX: y").fault, ParseFault::incomplete);
  EXPECT_EQ(fault_of("OPTIONS sip:a SIP/2.0\r\n").fault, ParseFault::incomplete);
}

TEST(Message, EveryPrefixAndEveryDamagedByteIsSurvived) {
  for (std::size_t size = 0; size <= register_text.size(); ++size) {
    auto bytes = register_text.substr(0, size);
    MessageView view;
    (void)parse_datagram(bytes, view);
  }
  for (std::size_t at = 0; at < register_text.size(); ++at) {
    for (char const damage : {'\0', '\r', '\n', ' ', '\x80'}) {
      auto bytes = register_text;
      bytes[at] = damage;
      MessageView view;
      (void)parse_datagram(bytes, view);
      for (auto const field : view.headers()) EXPECT_EQ(field.value.find('\n'), std::string_view::npos);
    }
  }
}

TEST(HeaderName, KnowsLongAndCompactNamesInAnyCase) {
  for (std::size_t i = 1; i < header_names; ++i) {
    auto const name = static_cast<HeaderName>(i);
    std::string upper(name_of(name)), lower(name_of(name));
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(header_named(name_of(name)), name) << upper;
    EXPECT_EQ(header_named(upper), name) << upper;
    EXPECT_EQ(header_named(lower), name) << lower;
    if (auto const compact = facts_of(name).compact)
      EXPECT_EQ(header_named(std::string_view(&compact, 1)), name) << upper;
  }
  EXPECT_EQ(name_of(HeaderName::www_authenticate), "WWW-Authenticate");
  EXPECT_EQ(header_named("M"), HeaderName::contact);
  for (std::string_view const unknown : {"", "z", "\xff", "Vi", "Viaa", "Call_ID", "X-Contact"})
    EXPECT_EQ(header_named(unknown), HeaderName::other) << unknown;
}

TEST(Method, IsCaseSensitive) {
  EXPECT_EQ(method_named("INVITE"), Method::invite);
  EXPECT_EQ(method_named("PRACK"), Method::prack);
  EXPECT_EQ(method_named("REFER"), Method::refer);
  EXPECT_EQ(method_named("invite"), Method::other);
  EXPECT_EQ(method_named(""), Method::other);
}

}  // namespace
}  // namespace reveille::sip
