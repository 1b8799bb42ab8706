// The server with real sockets, TLS and a client of the test's own on the other side.
#include "base/encoding.hpp"
#include "edge/development_ca.hpp"
#include "edge/xmpp/server.hpp"
#include "wire/crypto/digest.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/scram_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

namespace reveille::edge {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::tcp;
using testing::HasSubstr;
using namespace xmpp;
using namespace std::chrono_literals;

// Answers yes to everything, and sends each message back.
struct Echo final : StreamEvents {
  XmppServer* server = nullptr;
  std::vector<std::string> heard = {};

  void on_bind_requested(StreamHandle stream, Jid const& account, std::string const& resource) override {
    heard.push_back("bind " + account.text() + " " + resource);
    server->bound(stream, resource);
  }
  void on_resume_requested(StreamHandle stream, Jid const&, std::string const& previous, std::uint32_t h) override {
    heard.push_back("resume " + previous + " " + std::to_string(h));
    server->fail_management(stream, {.condition = StanzaError::item_not_found});
  }
  void on_enable_requested(StreamHandle stream, Resumption) override {
    heard.emplace_back("enable");
    server->enabled(stream, {.id = "x", .resume = Resumption::yes});
  }
  // Far more than may wait for a peer, as fast as it reads.
  std::size_t flood = 0;
  void on_room(StreamHandle stream) override {
    auto const part = "<message><body>" + std::string(20'000, 'x') + "</body></message>";
    for (; flood > 0 && server->has_room(stream); --flood) server->send(stream, flood == 1 ? "<presence/>" : part);
  }
  void on_stanza(StreamHandle stream, Element stanza) override {
    if (stanza.child_text("body") == "flood") {
      flood = 1'000;
      return on_room(stream);
    }
    stanza.set("to", stanza.attribute("from"));
    server->send(stream, to_xml(stanza, ns::client));
    server->handled(stream, 1);
  }
  void on_acknowledged(StreamHandle, std::uint32_t h) override { heard.push_back("h " + std::to_string(h)); }
  void on_client_state(StreamHandle, ClientState) override {}
  void on_mode(StreamHandle, AppMode) override {}
  void on_ended(StreamHandle, StreamEnd why) override {
    heard.push_back("ended " + std::to_string(static_cast<int>(why)));
  }
};

struct Passwords final : ScramCredentials {
  void lookup(std::string const& account, std::string const& mechanism, Answer answer) override {
    if (account != "juliet@localhost") return answer(failure(ErrorCode::not_found, "nobody"));
    constexpr std::string_view salt = "0123456789abcdef";
    ScramKeys keys{.salt = std::string(salt), .iterations = 4096};
    if (mechanism == "SCRAM-SHA-1") {
      auto const salted = crypto::pbkdf2_sha1("secret", salt, keys.iterations);
      keys.stored_key = crypto::sha1(crypto::hmac_sha1(salted, "Client Key"));
      keys.server_key = crypto::hmac_sha1(salted, "Server Key");
    } else {
      auto const salted = crypto::pbkdf2_sha256("secret", salt, keys.iterations);
      keys.stored_key = crypto::sha256(crypto::hmac_sha256(salted, "Client Key"));
      keys.server_key = crypto::hmac_sha256(salted, "Server Key");
    }
    answer(std::move(keys));
  }
};

class XmppServerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = fs::temp_directory_path() / ("reveille-xmpp-" + SystemRandom{}.hex(8));
    files = ensure_development_certificate(folder, {"localhost"}, SystemClock{}.now()).value();
  }
  static void TearDownTestSuite() { fs::remove_all(folder); }

  void SetUp() override {
    XmppServerSettings settings;
    settings.tls = make_server_tls({.certificate = files.certificate, .key = files.key}).value();
    settings.most_queued_bytes = 64 * 1024;
    settings.stalled_after = std::chrono::seconds(2);
    server = std::make_unique<XmppServer>(io, std::move(settings), clock, random, echo, passwords);
    echo.server = server.get();
    plain_port = server->listen("127.0.0.1", 0, Security::plain).value();
    tls_port = server->listen("127.0.0.1", 0, Security::tls).value();
    runner = std::jthread([this] { io.run(); });
  }
  void TearDown() override {
    asio::post(io, [this] { server.reset(); });
    runner.join();
  }

  inline static fs::path folder;
  inline static CertificateFiles files;
  asio::io_context io;
  SystemClock clock;
  SystemRandom random;
  Echo echo;
  Passwords passwords;
  std::unique_ptr<XmppServer> server;
  std::uint16_t plain_port = 0;
  std::uint16_t tls_port = 0;
  std::jthread runner;
};

// A blocking client.
struct Client {
  asio::io_context io;
  asio::ssl::context context{asio::ssl::context::tls_client};
  asio::ssl::stream<tcp::socket> stream;

  Client(std::uint16_t port, fs::path const& ca) : stream{io, trusting(context, ca)} {
    stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
  }
  static asio::ssl::context& trusting(asio::ssl::context& context, fs::path const& ca) {
    context.load_verify_file(ca.string());
    context.set_verify_mode(asio::ssl::verify_peer);
    return context;
  }
  void secure() { stream.handshake(asio::ssl::stream_base::client); }
  template <class Stream>
  static std::string ask(Stream& over, std::string const& text, std::string const& until) {
    asio::write(over, asio::buffer(text));
    return read(over, until);
  }
  template <class Stream>
  static std::string read(Stream& over, std::string const& until) {
    std::string heard;
    std::array<char, 4096> buffer{};
    boost::system::error_code error;
    while (heard.find(until) == std::string::npos && !error)
      heard.append(buffer.data(), over.read_some(asio::buffer(buffer), error));
    return heard;
  }
  std::string say(std::string const& text, std::string const& until) { return ask(stream, text, until); }

  static std::string header() {
    return "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
           "xmlns:stream='http://etherx.jabber.org/streams'>";
  }
  static std::string between(std::string const& text, std::string const& from, char to) {
    auto const at = text.find(from);
    if (at == std::string::npos) return {};
    auto const begin = at + from.size();
    return text.substr(begin, text.find(to, begin) - begin);
  }
  // The last word of the server: success or failure.
  std::string sign_in(ScramHash hash, std::string const& user, std::string const& password) {
    ScramClient scram{hash, user, Secret{password}, SystemRandom{}.hex(12)};
    auto const sasl = std::string(" xmlns='urn:ietf:params:xml:ns:xmpp-sasl'");
    auto const challenge = say("<auth" + sasl + " mechanism='" + std::string(mechanism_of(hash)) + "'>" +
                                   encode_base64(scram.first()) + "</auth>",
                               "</");
    auto const answer = scram.answer(decode_base64(between(challenge, "xmpp-sasl'>", '<')).value_or(""));
    if (!answer) return challenge;
    auto const end = say("<response" + sasl + ">" + encode_base64(*answer) + "</response>", "</");
    if (end.find("<success") != std::string::npos) {
      EXPECT_TRUE(scram.verify(decode_base64(between(end, "xmpp-sasl'>", '<')).value_or("")));
    }
    return end;
  }
};

TEST_F(XmppServerTest, SignsInOverStarttlsAndEchoes) {
  Client client{plain_port, files.ca};
  auto& plain = client.stream.next_layer();
  EXPECT_THAT(Client::ask(plain, Client::header(), "</stream:features>"), HasSubstr("<starttls"));
  EXPECT_THAT(Client::ask(plain, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "/>"), HasSubstr("<proceed"));
  client.secure();
  EXPECT_THAT(client.say(Client::header(), "</stream:features>"), HasSubstr("SCRAM-SHA-256"));
  EXPECT_THAT(client.sign_in(ScramHash::sha256, "Juliet", "secret"), HasSubstr("<success"));
  EXPECT_THAT(client.say(Client::header(), "</stream:features>"), HasSubstr("<bind"));
  EXPECT_THAT(client.say("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "</iq>"),
              HasSubstr("<jid>juliet@localhost/"));
  EXPECT_THAT(client.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>", "/>"), HasSubstr("<enabled"));
  EXPECT_THAT(client.say("<message><body>" + std::string(20'000, 'x') + "</body></message>", "<r "),
              HasSubstr("</body></message>"));
  EXPECT_THAT(client.say("<a xmlns='urn:xmpp:sm:3' h='1'/></stream:stream>", "</stream:stream>"),
              HasSubstr("<a xmlns='urn:xmpp:sm:3' h='1'/></stream:stream>"));
  client.stream.next_layer().close();
}

TEST_F(XmppServerTest, SignsInOverDirectTls) {
  Client client{tls_port, files.ca};
  client.secure();
  EXPECT_THAT(client.say(Client::header(), "</stream:features>"), HasSubstr("<mechanisms"));
  EXPECT_THAT(client.sign_in(ScramHash::sha1, "juliet", "secret"), HasSubstr("<success"));
}

TEST_F(XmppServerTest, AWrongPasswordAndAnUnknownUserLookTheSame) {
  Client client{tls_port, files.ca};
  client.secure();
  client.say(Client::header(), "</stream:features>");
  auto const wrong = client.sign_in(ScramHash::sha256, "juliet", "guess");
  auto const nobody = client.sign_in(ScramHash::sha256, "nobody", "guess");
  EXPECT_THAT(wrong, HasSubstr("<not-authorized/></failure>"));
  EXPECT_EQ(wrong, nobody);
}

TEST_F(XmppServerTest, LosesAPeerThatDoesNotRead) {
  Client client{tls_port, files.ca};
  client.secure();
  client.say(Client::header(), "</stream:features>");
  client.sign_in(ScramHash::sha1, "juliet", "secret");
  client.say(Client::header(), "</stream:features>");
  client.say("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "</iq>");
  // It sends, and never reads what comes back.
  auto const message = "<message><body>" + std::string(60'000, 'x') + "</body></message>";
  boost::system::error_code error;
  for (int i = 0; i < 1000 && !error; ++i) asio::write(client.stream, asio::buffer(message), error);
  EXPECT_TRUE(error);
}

TEST_F(XmppServerTest, AFloodComesAsFastAsItIsRead) {
  Client client{tls_port, files.ca};
  client.secure();
  client.say(Client::header(), "</stream:features>");
  client.sign_in(ScramHash::sha1, "juliet", "secret");
  client.say(Client::header(), "</stream:features>");
  client.say("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "</iq>");
  asio::write(client.stream, asio::buffer(std::string("<message><body>flood</body></message>")));
  std::string const end = "<presence/>";
  std::string tail;
  std::size_t size = 0;
  std::array<char, 16'384> buffer{};
  boost::system::error_code error;
  while (!error && !tail.ends_with(end)) {
    auto const read = client.stream.read_some(asio::buffer(buffer), error);
    size += read;
    tail.append(buffer.data(), read);
    if (tail.size() > end.size()) tail.erase(0, tail.size() - end.size());
  }
  EXPECT_FALSE(error) << error.message();
  EXPECT_GT(size, 999U * 20'000);
}

TEST_F(XmppServerTest, RubbishIsAnsweredAndTheLineClosed) {
  Client client{plain_port, files.ca};
  auto const heard = Client::ask(client.stream.next_layer(), "GET / HTTP/1.1\r\n\r\n", "never");
  EXPECT_THAT(heard, HasSubstr("<not-well-formed"));
}

}  // namespace
}  // namespace reveille::edge
