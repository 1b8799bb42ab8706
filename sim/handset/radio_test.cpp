#include "sim/handset/radio.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>

namespace reveille::sim::handset {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class Phone final : public RadioUser {
 public:
  explicit Phone(tcp::socket socket) : socket_(std::move(socket)) {}
  [[nodiscard]] std::vector<int> descriptors() override { return {socket_.native_handle()}; }
  void close_sockets() override { socket_.close(); }

 private:
  tcp::socket socket_;
};

class RadioTest : public testing::Test {
 protected:
  RadioTest() {
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    tcp::socket theirs(context);
    theirs.connect(acceptor.local_endpoint());
    server = acceptor.accept();
    server.non_blocking(true);
    phone = std::make_shared<Phone>(std::move(theirs));
    radio.add(phone);
  }

  // What the server hears after it has said something: nothing yet, an end, or a reset.
  [[nodiscard]] error_code heard_by_server() {
    error_code error;
    asio::write(server, asio::buffer("x", 1), error);
    std::array<char, 1> byte{};
    server.read_some(asio::buffer(byte), error);
    return error;
  }

  asio::io_context context;
  tcp::socket server{context};
  std::shared_ptr<Phone> phone;
  Radio radio;
};

TEST_F(RadioTest, AFrozenConnectionStands) {
  radio.end_all(SuspendMode::frozen);
  EXPECT_EQ(heard_by_server(), asio::error::would_block);
}

TEST_F(RadioTest, AClosedConnectionSaysSo) {
  radio.end_all(SuspendMode::closed);
  EXPECT_EQ(heard_by_server(), asio::error::eof);
}

TEST_F(RadioTest, OfAConnectionThatIsGoneNothingIsHeardWhateverTheAppDoes) {
  radio.end_all(SuspendMode::gone);
  phone->close_sockets();
  phone.reset();
  EXPECT_EQ(heard_by_server(), asio::error::would_block);
  EXPECT_EQ(heard_by_server(), asio::error::would_block);
}

TEST_F(RadioTest, WhatTheAppLetGoIsNoBusinessOfTheRadio) {
  phone.reset();
  radio.end_all(SuspendMode::closed);
  EXPECT_EQ(heard_by_server(), asio::error::eof);
}

}  // namespace
}  // namespace reveille::sim::handset
