// The server and the clients against each other over loopback, with TLS and certificates made for the test.
#include "base/random.hpp"
#include "edge/development_ca.hpp"
#include "edge/http/client.hpp"
#include "edge/http/server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace reveille::edge {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

class HttpTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = fs::temp_directory_path() / ("reveille-http-" + SystemRandom{}.hex(8));
    files = ensure_development_certificate(folder, {"push.example"}, SystemClock{}.now()).value();
  }
  static void TearDownTestSuite() { fs::remove_all(folder); }

  void serve(HttpServer::Handler handler, HttpServerSettings settings = {}) {
    settings.tls =
        make_server_tls({.certificate = files.certificate, .key = files.key, .alpn = {"h2", "http/1.1"}}).value();
    server = HttpServer::open(io, std::move(settings), std::move(handler)).value();
  }

  Http2ClientOptions options(std::string host = "localhost") {
    auto tls = make_client_tls({.ca_file = files.ca, .alpn = {"h2"}}).value();
    return {.destination = {.host = std::move(host), .port = server->port(), .tls = std::move(tls)}};
  }

  // Runs until `done` holds; false when that takes more than 10 s.
  bool run_until(std::function<bool()> const& done) {
    auto const end = std::chrono::steady_clock::now() + 10s;
    while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(20ms);
    return done();
  }

  Http2Reply ask(Http2Client& client, Http2Request request) {
    std::optional<Http2Reply> reply;
    client.submit(std::move(request), [&](Http2Reply got) { reply = std::move(got); });
    EXPECT_TRUE(run_until([&] { return reply.has_value(); }));
    return reply ? std::move(*reply) : Http2Reply{};
  }

  // Speaks plain TCP: sends, and reads until the server closes or `until` was seen.
  std::string converse(std::string const& text, std::string const& until) {
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::make_address("127.0.0.1"), server->port()});
    std::string heard;
    std::array<char, 4096> buffer{};
    bool ended = false;
    std::function<void()> const read = [&] {
      socket.async_read_some(asio::buffer(buffer), [&](auto error, std::size_t size) {
        heard.append(buffer.data(), size);
        if (error)
          ended = true;
        else
          read();
      });
    };
    asio::write(socket, asio::buffer(text));
    read();
    EXPECT_TRUE(run_until([&] { return ended || (!until.empty() && heard.find(until) != std::string::npos); }));
    socket.close();
    io.poll();
    return heard;
  }

  // RFC 9113 §4.1.
  static std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string const& payload) {
    std::string out;
    for (int const shift : {16, 8, 0}) out.push_back(static_cast<char>(payload.size() >> shift));
    out.push_back(static_cast<char>(type));
    out.push_back(static_cast<char>(flags));
    for (int const shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(stream >> shift));
    return out + payload;
  }

  static void echo(HttpRequest request, Responder responder) {
    responder.send({.status = 200,
                    .headers = {{"x-path", request.path}, {"x-query", request.query}},
                    .body = request.method + " " + request.body});
  }

  static inline fs::path folder;
  static inline CertificateFiles files;
  asio::io_context io{1};
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpTest, CertificatesAreMadeOnceAndKeptPrivate) {
  auto const again = ensure_development_certificate(folder, {"push.example"}, SystemClock{}.now()).value();
  auto const before = fs::last_write_time(again.certificate);
  (void)ensure_development_certificate(folder, {"push.example"}, SystemClock{}.now());
  EXPECT_EQ(fs::last_write_time(again.certificate), before);
  struct stat mode{};
  ASSERT_EQ(::stat(again.key.c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600u);
}

TEST_F(HttpTest, CertificatesAreRemadeWhenExpired) {
  auto const elsewhere = folder / "expiring";
  auto const now = SystemClock{}.now();
  auto const made = ensure_development_certificate(elsewhere, {}, now).value();
  auto const ca_before = fs::last_write_time(made.ca);
  auto const before = fs::last_write_time(made.certificate);
  ASSERT_TRUE(ensure_development_certificate(elsewhere, {}, now + std::chrono::days{820}).has_value());
  EXPECT_NE(fs::last_write_time(made.certificate), before);
  EXPECT_EQ(fs::last_write_time(made.ca), ca_before);
}

TEST_F(HttpTest, AnswersOverHttp2) {
  serve(echo);
  auto const client = Http2Client::connect(io.get_executor(), options());
  auto const reply = ask(*client, {.path = "/v1/x?a=b", .body = "hello"});
  EXPECT_EQ(reply.outcome, Outcome::response);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "POST hello");
  EXPECT_EQ(reply.headers.find("x-path"), "/v1/x");
  EXPECT_EQ(reply.headers.find("x-query"), "a=b");
  client->close();
  EXPECT_EQ(client->state(), Http2Client::State::closed);
}

TEST_F(HttpTest, VerifiesTheNameAndTheAuthority) {
  serve(echo);
  for (std::string const good : {"127.0.0.1", "localhost"}) {
    auto const client = Http2Client::connect(io.get_executor(), options(good));
    EXPECT_EQ(ask(*client, {}).status, 200) << good;
  }
  auto without_ca = options();
  without_ca.destination.tls = make_client_tls({.ca_file = std::nullopt, .alpn = {"h2"}}).value();
  auto const stranger = Http2Client::connect(io.get_executor(), without_ca);
  auto const reply = ask(*stranger, {});
  EXPECT_EQ(reply.outcome, Outcome::unprocessed);
  EXPECT_EQ(reply.error.code, ErrorCode::denied);
  auto const other_name = folder / "other";
  auto const other = ensure_development_certificate(other_name, {}, SystemClock{}.now()).value();
  auto wrong_ca = options();
  wrong_ca.destination.tls = make_client_tls({.ca_file = other.ca, .alpn = {"h2"}}).value();
  auto const misled = Http2Client::connect(io.get_executor(), wrong_ca);
  EXPECT_EQ(ask(*misled, {}).error.code, ErrorCode::denied);
}

TEST_F(HttpTest, KeepsToTheStreamsThatSettingsAllow) {
  std::vector<Responder> held;
  std::shared_ptr<HttpConnection> connection;
  serve(
      [&](HttpRequest request, Responder responder) {
        connection = request.connection;
        held.push_back(std::move(responder));
      },
      {.max_streams = 1});
  auto const client = Http2Client::connect(io.get_executor(), options());
  int answered = 0;
  for (int i = 0; i < 50; ++i)
    client->submit({.path = "/" + std::to_string(i)}, [&](Http2Reply reply) { answered += reply.status == 200; });
  ASSERT_TRUE(run_until([&] { return held.size() == 1; }));
  io.run_for(50ms);
  EXPECT_EQ(held.size(), 1u);
  EXPECT_EQ(client->in_flight(), 1u);
  EXPECT_EQ(client->queued(), 49u);
  connection->set_max_streams(1000);
  ASSERT_TRUE(run_until([&] { return held.size() == 50; }));
  for (auto& responder : held) responder.send({});
  EXPECT_TRUE(run_until([&] { return answered == 50; }));
  held.clear();
  connection->set_max_streams(1);
  EXPECT_TRUE(run_until([&] { return client->capacity() == 1; }));
}

// A request whose body was cut for want of window was served last of all, and under a steady load never.
TEST_F(HttpTest, NoneIsOvertakenForeverWhileTheWindowIsFull) {
  serve(echo, {.max_streams = 1000, .connection_window = 65535});
  auto const client = Http2Client::connect(io.get_executor(), options());
  constexpr std::size_t wanted = 20'000;
  constexpr std::size_t at_once = 2000;
  std::size_t sent = 0;
  std::size_t answered = 0;
  std::size_t most_overtaken = 0;
  std::function<void()> const feed = [&] {
    while (sent < wanted && sent - answered < at_once) {
      client->submit({.body = std::string(250, 'x')}, [&, number = sent](Http2Reply reply) {
        EXPECT_EQ(reply.outcome, Outcome::response) << reply.error.ours;
        most_overtaken = std::max(most_overtaken, answered > number ? answered - number : 0);
        ++answered;
        feed();
      });
      ++sent;
    }
  };
  feed();
  EXPECT_TRUE(run_until([&] { return answered == wanted; }));
  EXPECT_LT(most_overtaken, at_once);
}

// What came while the process did not run is read before anything is called overdue.
TEST_F(HttpTest, APauseOfTheMachineMakesNothingOverdue) {
  serve([](HttpRequest, Responder responder) { responder.send({.body = std::string(100'000, 'x')}); });
  auto const client = Http2Client::connect(io.get_executor(), options());
  ASSERT_EQ(ask(*client, {}).status, 200);
  std::vector<Http2Reply> replies;
  for (int i = 0; i < 20; ++i) {
    client->submit({.timeout = 400ms}, [&](Http2Reply reply) { replies.push_back(std::move(reply)); });
  }
  while (replies.empty()) io.run_one();
  auto const end = std::chrono::steady_clock::now() + 1500ms;
  while (std::chrono::steady_clock::now() < end) continue;
  ASSERT_TRUE(run_until([&] { return replies.size() == 20; }));
  for (auto const& reply : replies) EXPECT_EQ(reply.outcome, Outcome::response) << reply.error.ours;
}

TEST_F(HttpTest, TellsUnprocessedFromUnknownAfterGoaway) {
  std::vector<std::pair<std::int64_t, Responder>> held;
  std::shared_ptr<HttpConnection> connection;
  serve([&](HttpRequest request, Responder responder) {
    connection = request.connection;
    held.emplace_back(request.stream, std::move(responder));
  });
  auto const client = Http2Client::connect(io.get_executor(), options());
  std::array<std::optional<Http2Reply>, 3> replies;
  for (std::size_t i = 0; i < 3; ++i) client->submit({}, [&, i](Http2Reply reply) { replies[i] = std::move(reply); });
  ASSERT_TRUE(run_until([&] { return held.size() == 3; }));
  connection->go_away(held[1].first, R"({"reason":"Shutdown"})");
  ASSERT_TRUE(run_until([&] { return replies[2].has_value(); }));
  EXPECT_EQ(replies[2]->outcome, Outcome::unprocessed);
  EXPECT_EQ(client->state(), Http2Client::State::draining);
  EXPECT_EQ(client->state_reason().theirs, R"({"reason":"Shutdown"})");
  EXPECT_EQ(ask(*client, {}).outcome, Outcome::unprocessed);
  held[0].second.send({});
  ASSERT_TRUE(run_until([&] { return replies[0].has_value(); }));
  EXPECT_EQ(replies[0]->outcome, Outcome::response);
  EXPECT_FALSE(replies[1]);
  connection->drop();
  ASSERT_TRUE(run_until([&] { return replies[1].has_value(); }));
  EXPECT_EQ(replies[1]->outcome, Outcome::unknown);
  EXPECT_EQ(client->state(), Http2Client::State::closed);
}

TEST_F(HttpTest, ARefusedStreamIsUnprocessedAndAnOverdueOneUnknown) {
  std::vector<Responder> held;
  serve([&](HttpRequest request, Responder responder) {
    if (request.path == "/refuse") return responder.reset(0x7);
    held.push_back(std::move(responder));
  });
  auto const client = Http2Client::connect(io.get_executor(), options());
  EXPECT_EQ(ask(*client, {.path = "/refuse"}).outcome, Outcome::unprocessed);
  auto const late = ask(*client, {.path = "/hold", .timeout = 100ms});
  EXPECT_EQ(late.outcome, Outcome::unknown);
  EXPECT_EQ(late.error.code, ErrorCode::timed_out);
  EXPECT_TRUE(run_until([&] { return held.front().is_gone(); }));
}

TEST_F(HttpTest, StreamsAsFastAsThePeerReads) {
  std::optional<Responder> streaming;
  int drained = 0;
  serve([&](HttpRequest, Responder responder) {
    responder.begin({.headers = {{"content-type", "application/x-ndjson"}}});
    streaming = std::move(responder);
    streaming->write("{\"a\":1}\n", [&] { ++drained; });
  });
  auto const client = Http2Client::connect(io.get_executor(), options());
  std::optional<Http2Reply> reply;
  client->submit({.method = "GET"}, [&](Http2Reply got) { reply = std::move(got); });
  ASSERT_TRUE(run_until([&] { return drained == 1; }));
  streaming->write("{\"a\":2}\n", [&] { ++drained; });
  ASSERT_TRUE(run_until([&] { return drained == 2; }));
  streaming->end();
  ASSERT_TRUE(run_until([&] { return reply.has_value(); }));
  EXPECT_EQ(reply->body, "{\"a\":1}\n{\"a\":2}\n");
}

TEST_F(HttpTest, RefusesWhatIsTooLarge) {
  serve(echo, {.max_header = 2000, .max_body = 100});
  auto const client = Http2Client::connect(io.get_executor(), options());
  EXPECT_EQ(ask(*client, {.body = std::string(101, 'x')}).status, 413);
  EXPECT_EQ(ask(*client, {.headers = {{"x-long", std::string(3000, 'x')}}}).status, 431);
  EXPECT_EQ(ask(*client, {.body = "x"}).status, 200);
}

TEST_F(HttpTest, SaysInItsOwnersWordsWhatNoHandlerSays) {
  HttpServerSettings const settings{.max_header = 2000, .max_body = 100, .refusal = [](int status) {
                                      return HttpResponse{.status = status,
                                                          .headers = {{"content-type", "text/plain"}},
                                                          .body = "no: " + std::to_string(status)};
                                    }};
  auto const drop_it = [](HttpRequest, Responder) {};
  serve(drop_it, settings);
  auto const client = Http2Client::connect(io.get_executor(), options());
  EXPECT_EQ(ask(*client, {.body = std::string(101, 'x')}).body, "no: 413");
  EXPECT_EQ(ask(*client, {.headers = {{"x-long", std::string(3000, 'x')}}}).body, "no: 431");
  EXPECT_EQ(ask(*client, {}).body, "no: 500");
  server = HttpServer::open(io, settings, drop_it).value();
  std::string const close = "Host: x\r\nConnection: close\r\n";
  EXPECT_TRUE(converse("nonsense\r\n\r\n", "").ends_with("\r\n\r\nno: 400"));
  EXPECT_TRUE(converse("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", "").ends_with("no: 431"));
  EXPECT_TRUE(converse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", "").ends_with("no: 413"));
  EXPECT_TRUE(converse("GET / HTTP/1.1\r\n" + close + "\r\n", "").ends_with("no: 500"));
}

TEST_F(HttpTest, SpeaksHttp1WithoutTls) {
  server = HttpServer::open(io, {.max_header = 4096, .max_body = 100}, echo).value();
  auto const two = converse(
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: "
      "close\r\n\r\nhi",
      "");
  EXPECT_NE(two.find("HTTP/1.1 200 OK\r\n"), std::string::npos);
  EXPECT_NE(two.find("\r\n\r\nGET HTTP/1.1 200 OK"), std::string::npos) << two;
  EXPECT_TRUE(two.ends_with("POST hi")) << two;
  EXPECT_TRUE(converse("nonsense\r\n\r\n", "").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(converse("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", "").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(converse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", "").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(
      converse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", "100 Continue")
          .starts_with("HTTP/1.1 100 "));
  EXPECT_TRUE(converse("HEAD / HTTP/1.0\r\n\r\n", "").ends_with("\r\n\r\n"));
}

TEST_F(HttpTest, EndsAnHttp1ConnectionWhoseNextRequestNobodyCanFind) {
  // RFC 9112 §6.3: where the length is in doubt, what a proxy took for a body would be the next request here.
  server = HttpServer::open(io, {}, echo).value();
  std::string const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
  for (std::string const fields :
       {"Host: x\r\nTransfer-Encoding: gzip\r\n", "Host: x\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n",
        "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n", "Host: x\r\nTransfer-Encoding: chunked, gzip\r\n",
        "Host: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "", "Host: x\r\nHost: y\r\n"}) {
    auto const heard = converse("POST /seen HTTP/1.1\r\n" + fields + "\r\n" + hidden, "");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 ")) << fields << heard;
    EXPECT_EQ(heard.find("x-path"), std::string::npos) << fields << heard;
  }
  auto const old =
      "POST /seen HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden;
  EXPECT_TRUE(converse(old, "").starts_with("HTTP/1.1 400 "));
  auto const good =
      "POST /seen HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  EXPECT_TRUE(converse(good, "").ends_with("POST hi"));
}

TEST_F(HttpTest, AnswersThatAPeerDoesNotTakeAreBounded) {
  // A window of 0 (RFC 9113 §6.9.2): no body can leave until it is opened.
  std::size_t handled = 0;
  constexpr std::size_t size = 16'384;
  server = HttpServer::open(io, {.max_streams = 1000}, [&](HttpRequest, Responder responder) {
             ++handled;
             responder.send({.body = std::string(size, 'x')});
           }).value();
  std::string said = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(0x4, 0, 0, std::string("\0\4\0\0\0\0", 6));
  constexpr std::uint32_t requests = 900;
  for (std::uint32_t i = 0; i < requests; ++i) said += frame(0x1, 0x5, 2 * i + 1, "\x82\x84\x86\x41\x01x");
  asio::ip::tcp::socket peer{io};
  peer.connect({asio::ip::make_address("127.0.0.1"), server->port()});
  asio::write(peer, asio::buffer(said + frame(0x6, 0, 0, "12345678")));
  std::string heard;
  std::array<char, 65'536> buffer{};
  std::function<void()> const read = [&] {
    peer.async_read_some(asio::buffer(buffer), [&](auto error, std::size_t got) {
      heard.append(buffer.data(), got);
      if (!error) read();
    });
  };
  read();
  ASSERT_TRUE(run_until([&] { return heard.find(frame(0x6, 0x1, 0, "12345678")) != std::string::npos; }));
  EXPECT_GT(handled, 0u);
  EXPECT_LE(handled * size, (std::size_t{1} << 20) + size);
  // The others wait for their turn, but for those that are given up.
  constexpr std::uint32_t given_up = 10;
  said.clear();
  for (std::uint32_t i = requests - given_up; i < requests; ++i)
    said += frame(0x3, 0, 2 * i + 1, std::string("\0\0\0\x8", 4));
  said += frame(0x4, 0, 0, std::string("\0\4\0\xFF\xFF\xFF", 6)) + frame(0x8, 0, 0, "\x40\1\1\1");
  asio::write(peer, asio::buffer(said));
  EXPECT_TRUE(run_until([&] { return heard.size() > (requests - given_up) * size; }));
  EXPECT_EQ(handled, requests - given_up);
  peer.close();
  EXPECT_TRUE(run_until([&] { return server->connections() == 0; }));
}

TEST_F(HttpTest, ARequestThatIsAnsweredBeforeItHasLeftTakesNoStream) {
  // RFC 9113 §8.1: a server may answer a request that it has not read, and read no more of it.
  asio::ip::tcp::acceptor acceptor{io, {asio::ip::make_address("127.0.0.1"), 0}};
  auto const client = Http2Client::connect(
      io.get_executor(), {.destination = {.host = "127.0.0.1", .port = acceptor.local_endpoint().port()}});
  std::optional<Http2Reply> reply;
  client->submit({.body = std::string(100'000, 'x')}, [&](Http2Reply got) { reply = std::move(got); });
  asio::ip::tcp::socket peer{io};
  acceptor.async_accept(peer, [&](auto) { asio::write(peer, asio::buffer(frame(0x4, 0, 0, {}))); });
  ASSERT_TRUE(run_until([&] { return client->in_flight() == 1; }));
  std::string heard(65'535, '\0');
  bool has_window = false;
  asio::async_read(peer, asio::buffer(heard), [&](auto, std::size_t) { has_window = true; });
  ASSERT_TRUE(run_until([&] { return has_window; }));
  asio::write(peer, asio::buffer(frame(0x1, 0x5, 1,
                                       "\x08\x03"
                                       "413")));
  ASSERT_TRUE(run_until([&] { return reply.has_value(); }));
  EXPECT_EQ(reply->status, 413);
  EXPECT_TRUE(run_until([&] { return client->in_flight() == 0; }));
  EXPECT_EQ(client->state(), Http2Client::State::ready);
}

TEST_F(HttpTest, AServerThatSaysNothingIsLeftInTime) {
  // RFC 9113 §3.4: SETTINGS are the first that a server sends. Until they come no request can leave.
  asio::ip::tcp::acceptor acceptor{io, {asio::ip::make_address("127.0.0.1"), 0}};
  Http2ClientOptions const silent{
      .destination = {.host = "127.0.0.1", .port = acceptor.local_endpoint().port(), .timeout = 200ms}};
  auto const client = Http2Client::connect(io.get_executor(), silent);
  EXPECT_TRUE(run_until([&] { return client->state() == Http2Client::State::closed; }));
  EXPECT_EQ(client->state_reason().code, ErrorCode::timed_out);
}

TEST_F(HttpTest, NoContentHasNoLength) {
  // RFC 9110 §8.6.
  auto const done = [](HttpRequest, Responder responder) { responder.send({.status = 204}); };
  serve(done);
  auto const client = Http2Client::connect(io.get_executor(), options());
  EXPECT_EQ(ask(*client, {}).status, 204);
  server = HttpServer::open(io, {}, done).value();
  auto const request = "GET / HTTP/1.1\r\nHost: x\r\n";
  auto const twice = request + std::string("\r\n") + request + "Connection: close\r\n\r\n";
  auto const heard = converse(twice, "");
  EXPECT_EQ(heard.find("content-length"), std::string::npos) << heard;
  EXPECT_NE(heard.find("HTTP/1.1 204 "), heard.rfind("HTTP/1.1 204 ")) << heard;
}

TEST_F(HttpTest, NoticesThatAnHttp1PeerHasGone) {
  std::optional<Responder> held;
  bool gone = false;
  server = HttpServer::open(io, {}, [&](HttpRequest, Responder responder) {
             responder.on_gone([&] { gone = true; });
             responder.begin({});
             responder.write("x");
             held = std::move(responder);
           }).value();
  EXPECT_NE(converse("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "1\r\nx\r\n").find("chunked"), std::string::npos);
  EXPECT_TRUE(run_until([&] { return gone; }));
  EXPECT_TRUE(held->is_gone());
  held->write("nobody hears this");
  EXPECT_TRUE(run_until([&] { return server->connections() == 0; }));
}

TEST_F(HttpTest, ADroppedResponderSays500) {
  serve([](HttpRequest, Responder) {});
  auto const client = Http2Client::connect(io.get_executor(), options());
  EXPECT_EQ(ask(*client, {}).status, 500);
}

TEST_F(HttpTest, RestClientReconnects) {
  std::shared_ptr<HttpConnection> connection;
  serve([&](HttpRequest request, Responder responder) {
    connection = request.connection;
    echo(std::move(request), std::move(responder));
  });
  HttpClient client{io.get_executor(), options()};
  auto const asked = [&] {
    std::optional<Http2Reply> reply;
    client.request({.path = "/"}, [&](Http2Reply got) { reply = std::move(got); });
    EXPECT_TRUE(run_until([&] { return reply.has_value(); }));
    return std::move(*reply);
  };
  EXPECT_EQ(asked().status, 200);
  connection->go_away(-1, "");
  EXPECT_TRUE(run_until([&] { return !client.is_connected(); }));
  EXPECT_EQ(asked().status, 200);
  connection->drop();
  EXPECT_TRUE(run_until([&] { return !client.is_connected(); }));
  EXPECT_EQ(asked().status, 200);
  auto const port = server->port();
  server.reset();
  EXPECT_TRUE(run_until([&] { return !client.is_connected(); }));
  EXPECT_EQ(asked().outcome, Outcome::unprocessed);
  EXPECT_EQ(asked().outcome, Outcome::unprocessed);
  EXPECT_NE(port, 0);
}

TEST_F(HttpTest, APortInUseIsOneSentence) {
  serve(echo);
  auto const second = HttpServer::open(io, {.port = server->port()}, echo);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::refused);
  EXPECT_NE(second.error().ours.find("Address already in use"), std::string::npos);
}

}  // namespace
}  // namespace reveille::edge
