// Dialling while the network's name servers are silent.
#include "edge/link.hpp"

#include <boost/asio/io_context.hpp>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <latch>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr auto silent_name = "silent.invalid";
constexpr auto name_of_two = "two.invalid";
std::latch* silence = nullptr;

}  // namespace

// In the place of the C library's: one name is answered for only when a test says so, and one has two addresses,
// 127.0.0.2 first.
extern "C" int getaddrinfo(char const* name, char const* service, addrinfo const* hints, addrinfo** found) {
  if (name && name == std::string_view{silent_name} && silence) silence->wait();
  static auto* const real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (!name || name != std::string_view{name_of_two}) return real(name, service, hints, found);
  addrinfo* second = nullptr;
  if (int const error = real("127.0.0.1", service, hints, &second); error != 0) return error;
  if (int const error = real("127.0.0.2", service, hints, found); error != 0) return error;
  (*found)->ai_next = second;
  return 0;
}

namespace reveille::edge {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST(Dial, AnAddressIsReachedWhileANameIsBeingResolved) {
  std::latch answered{1};
  silence = &answered;
  asio::io_context io{1};
  asio::ip::tcp::acceptor acceptor{io, {asio::ip::make_address("127.0.0.1"), 0}};
  auto const port = acceptor.local_endpoint().port();
  std::optional<Result<std::shared_ptr<Link>>> by_name;
  std::optional<Result<std::shared_ptr<Link>>> by_address;
  dial(io.get_executor(), {.host = silent_name, .port = port}, [&](auto link) { by_name = std::move(link); });
  dial(io.get_executor(), {.host = "127.0.0.1", .port = port, .timeout = 1s},
       [&](auto link) { by_address = std::move(link); });
  EXPECT_FALSE(by_address.has_value()) << "called from inside";
  while (!by_address) io.run_one();
  EXPECT_TRUE(by_address->has_value()) << by_address->error().ours;
  EXPECT_FALSE(by_name.has_value());
  answered.count_down();
  while (!by_name) io.run_one();
  EXPECT_EQ(by_name->error().code, ErrorCode::unreachable);
  silence = nullptr;
}

TEST(Dial, AnAddressThatIsSilentLeavesTimeForTheNext) {
  // RFC 8305: broken IPv6 is the usual case. Here it is a listener whose queue is full: it answers no further SYN.
  asio::io_context io{1};
  asio::ip::tcp::acceptor good{io, {asio::ip::make_address("127.0.0.1"), 0}};
  auto const port = good.local_endpoint().port();
  asio::ip::tcp::endpoint const silent{asio::ip::make_address("127.0.0.2"), port};
  asio::ip::tcp::acceptor full{io, silent.protocol()};
  full.bind(silent);
  full.listen(0);
  std::vector<asio::ip::tcp::socket> queue;
  std::size_t connected = 0;
  for (int i = 0; i < 4; ++i) {
    queue.emplace_back(io);
    queue.back().async_connect(silent, [&](auto error) { connected += error ? 0 : 1; });
  }
  while (connected == 0) io.run_one();
  std::optional<Result<std::shared_ptr<Link>>> link;
  dial(io.get_executor(), {.host = name_of_two, .port = port, .timeout = 2s},
       [&](auto made) { link = std::move(made); });
  while (!link) io.run_one();
  ASSERT_TRUE(link->has_value()) << link->error().ours;
  EXPECT_EQ((**link)->remote(), "127.0.0.1:" + std::to_string(port));
}

TEST(Dial, AnAddressThatRefusesMakesNobodyWait) {
  asio::io_context io{1};
  asio::ip::tcp::acceptor good{io, {asio::ip::make_address("127.0.0.1"), 0}};
  std::optional<Result<std::shared_ptr<Link>>> link;
  auto const port = good.local_endpoint().port();
  dial(io.get_executor(), {.host = name_of_two, .port = port}, [&](auto made) { link = std::move(made); });
  while (!link) io.run_one();
  EXPECT_TRUE(link->has_value());
  good.close();
  link.reset();
  dial(io.get_executor(), {.host = name_of_two, .port = port}, [&](auto made) { link = std::move(made); });
  while (!link) io.run_one();
  EXPECT_EQ(link->error().code, ErrorCode::unreachable);
}

TEST(Dial, AnAddressOfVersion6IsOne) {
  asio::io_context io{1};
  boost::system::error_code error;
  asio::ip::tcp::acceptor acceptor{io};
  asio::ip::tcp::endpoint const endpoint{asio::ip::make_address("::1"), 0};
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1, error);
  if (error) GTEST_SKIP() << "this machine has no IPv6";
  std::optional<Result<std::shared_ptr<Link>>> link;
  dial(io.get_executor(), {.host = "::1", .port = acceptor.local_endpoint().port()},
       [&](auto made) { link = std::move(made); });
  while (!link) io.run_one();
  EXPECT_TRUE(link->has_value());
}

}  // namespace
}  // namespace reveille::edge
