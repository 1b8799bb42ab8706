// Dialling while the network's name servers are silent.
#include "edge/link.hpp"

#include <boost/asio/io_context.hpp>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <latch>
#include <optional>
#include <string_view>

namespace {

constexpr auto silent_name = "silent.invalid";
std::latch* silence = nullptr;

}  // namespace

// In the place of the C library's: one name is answered for only when a test says so.
extern "C" int getaddrinfo(char const* name, char const* service, addrinfo const* hints, addrinfo** found) {
  if (name && name == std::string_view{silent_name} && silence) silence->wait();
  static auto* const real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, found);
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

TEST(Dial, AnAddressOfVersion6IsOne) {
  asio::io_context io{1};
  boost::system::error_code error;
  asio::ip::tcp::acceptor acceptor{io};
  asio::ip::tcp::endpoint const endpoint{asio::ip::make_address("::1"), 0};
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(1, error);
  if (error) GTEST_SKIP() << "no IPv6 here: " << error.message();
  std::optional<Result<std::shared_ptr<Link>>> link;
  dial(io.get_executor(), {.host = "::1", .port = acceptor.local_endpoint().port()},
       [&](auto made) { link = std::move(made); });
  while (!link) io.run_one();
  EXPECT_TRUE(link->has_value());
}

}  // namespace
}  // namespace reveille::edge
