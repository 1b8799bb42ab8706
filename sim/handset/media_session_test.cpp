// Media over real sockets on loopback: a handset against another, an echo, and a stranger.
#include "sim/handset/media_session.hpp"

#include "sim/handset/media_terms.hpp"
#include "sim/handset/rtp.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace reveille::sim::handset {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

constexpr std::chrono::seconds test_deadline{10};

class Side {
 public:
  Side(asio::io_context& context, std::string const& name, MediaWish wish) : random_(name.size()) {
    port_ = open_media_session(context.get_executor(), {.name = name}, wish, random_,
                               [this](std::string_view, boost::json::object fields) { events.push_back(fields); });
  }
  [[nodiscard]] MediaPort& port() { return *port_; }
  void hang_up() { port_.reset(); }
  [[nodiscard]] bool has_recognised(std::string_view stream) const {
    return std::ranges::any_of(events, [stream](auto const& event) {
      return event.at("stream").as_string() == stream && event.at("recognised").as_bool();
    });
  }

  std::vector<boost::json::object> events = {};

 private:
  SeededRandom random_;
  std::unique_ptr<MediaPort> port_;
};

// As what stands between two phones may do.
sdp::Session without_our_attributes(sdp::Session session) {
  for (auto& media : session.media) media.attributes.clear();
  return session;
}

// A phone that speaks RTP and that we know nothing of.
class Stranger {
 public:
  explicit Stranger(asio::io_context& context) : socket_(context, {asio::ip::address_v4::loopback(), 0}) {}

  [[nodiscard]] sdp::Session answer_to(sdp::Session const& offer) const {
    sdp::Connection const here{.address = "127.0.0.1"};
    sdp::LocalStream audio{.port = socket_.local_endpoint().port(),
                           .codecs = {{.payload_type = 0, .encoding = "PCMU", .clock_rate = 8000}}};
    return sdp::make_answer(offer, {.origin = {.connection = here}, .connection = here, .streams = {audio}}).value();
  }
  void echo() {
    socket_.async_receive_from(asio::buffer(buffer_), from_, [this](boost::system::error_code error, std::size_t size) {
      if (error) return;
      socket_.send_to(asio::buffer(buffer_, size), from_);
      echo();
    });
  }
  void say(std::uint16_t port, RtpPacket const& packet) {
    socket_.send_to(asio::buffer(encode_rtp(packet)), {asio::ip::address_v4::loopback(), port});
  }

 private:
  udp::socket socket_;
  udp::endpoint from_ = {};
  std::array<char, 2048> buffer_ = {};
};

class MediaSessionTest : public testing::Test {
 protected:
  template <class Predicate>
  [[nodiscard]] bool run_until(Predicate holds) {
    auto const deadline = std::chrono::steady_clock::now() + test_deadline;
    while (!holds() && std::chrono::steady_clock::now() < deadline) context.run_one_for(std::chrono::milliseconds{20});
    return holds();
  }

  asio::io_context context;
};

TEST_F(MediaSessionTest, HandsetsRecogniseEachOtherThoughSdpSaysNothingOfIt) {
  Side romeo(context, "romeo@localhost",
             {.peer = "juliet@localhost", .video = true, .security = sdp::Security::required});
  Side juliet(context, "juliet@localhost",
              {.peer = "romeo@localhost",
               .video = true,
               .security = sdp::Security::optional,
               .peer_tone = tone_of("romeo@localhost")});
  auto const offer = sdp::make_offer(romeo.port().local());
  auto const answer = answer_with_audio(offer, juliet.port().local());
  ASSERT_TRUE(answer);
  romeo.port().agree(offer, without_our_attributes(*answer));
  juliet.port().agree(*answer, without_our_attributes(offer));
  for (auto const* stream : {"audio", "video"})
    ASSERT_TRUE(run_until([&] { return romeo.has_recognised(stream) && juliet.has_recognised(stream); })) << stream;
  EXPECT_TRUE(romeo.events.front().at("secure").as_bool());
}

TEST_F(MediaSessionTest, AnEchoIsHeardAndNotRecognised) {
  Side romeo(context, "romeo@localhost", {.peer = "juliet@localhost"});
  Stranger wall(context);
  wall.echo();
  auto const offer = sdp::make_offer(romeo.port().local());
  romeo.port().agree(offer, wall.answer_to(offer));
  ASSERT_TRUE(run_until([&] { return !romeo.events.empty(); }));
  context.run_for(std::chrono::milliseconds{400});  // of twice as many frames as a tone needs
  romeo.hang_up();
  EXPECT_GT(romeo.events.back().at("rx").as_uint64(), 10U);
  EXPECT_FALSE(romeo.events.back().at("recognised").as_bool());
}

TEST_F(MediaSessionTest, AStrangersPacketsAreCountedByTypeSourceAndSequence) {
  Side romeo(context, "romeo@localhost", {.peer = "mercutio@localhost"});
  Stranger mercutio(context);
  auto const offer = sdp::make_offer(romeo.port().local());
  romeo.port().agree(offer, mercutio.answer_to(offer));
  auto const port = romeo.port().local().streams[0].port;
  for (std::uint16_t sequence : {10, 11, 13, 14})
    mercutio.say(port, {.sequence = sequence, .source = 77, .payload = "x"});
  mercutio.say(port, {.payload_type = 101, .sequence = 15, .source = 77, .payload = "digit"});
  mercutio.say(port, {.sequence = 1, .source = 78, .payload = "another"});
  mercutio.say(port, {.sequence = 15, .source = 77, .payload = "x"});
  context.run_for(std::chrono::milliseconds{100});
  romeo.hang_up();
  auto const& last = romeo.events.back();
  EXPECT_EQ(last.at("ssrc").to_number<std::uint32_t>(), 77U);
  EXPECT_EQ(last.at("rx").as_uint64(), 5U);
  EXPECT_EQ(last.at("lost").as_uint64(), 1U);
}

TEST_F(MediaSessionTest, NothingIsSentToTheOldFormOfHold) {
  Side romeo(context, "romeo@localhost", {.peer = "mercutio@localhost"});
  Stranger mercutio(context);
  auto const offer = sdp::make_offer(romeo.port().local());
  auto answer = mercutio.answer_to(offer);
  answer.connection->address = "0.0.0.0";
  romeo.port().agree(offer, answer);
  context.run_for(std::chrono::milliseconds{100});
  romeo.hang_up();
  EXPECT_EQ(romeo.events.back().at("tx").as_uint64(), 0U);
}

}  // namespace
}  // namespace reveille::sim::handset
