#include "admin/control.hpp"

#include "store/test_shard.hpp"

#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <thread>

namespace reveille::admin {
namespace {

namespace json = boost::json;

// A server that answers each request with itself, on a thread of its own.
class Echo {
 public:
  explicit Echo(std::filesystem::path const& folder) {
    auto opened = ControlSocket::open(
        io_, folder, [](json::object request, ControlReply reply) { reply(json::object{{"asked", request}}); });
    if (opened) socket_ = std::move(*opened);
    thread_ = std::thread([this] { io_.run(); });
  }
  Echo(Echo const&) = delete;
  Echo& operator=(Echo const&) = delete;
  ~Echo() {
    io_.stop();
    thread_.join();
  }
  [[nodiscard]] bool is_open() const { return socket_ != nullptr; }

 private:
  boost::asio::io_context io_{};
  std::unique_ptr<ControlSocket> socket_{};
  std::thread thread_{};
};

TEST(Control, a_request_is_answered) {
  store::TestFolder folder;
  Echo const server(folder.file(""));
  ASSERT_TRUE(server.is_open());
  auto const answer = ask(folder.file(""), {{"command", "devices"}});
  ASSERT_TRUE(answer) << answer.error().ours;
  EXPECT_EQ(json::serialize(*answer), R"({"asked":{"command":"devices"}})");
}

TEST(Control, only_the_owner_may_open_it) {
  store::TestFolder folder;
  Echo const server(folder.file(""));
  struct stat status{};
  ASSERT_EQ(::stat(folder.file("control").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(Control, out_of_files_it_waits_for_one_and_then_answers) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer opens a pipe when it first meets a class, and calls it wrong where it cannot";
#endif
  store::TestFolder folder;
  boost::asio::io_context io;
  bool asked = false;
  auto const socket = ControlSocket::open(io, folder.file(""), [&](json::object, ControlReply reply) {
    asked = true;
    reply(json::object{{"ok", true}});
  });
  ASSERT_TRUE(socket);
  boost::asio::local::stream_protocol::socket client(io);
  client.connect({folder.file("control")});
  boost::asio::write(client, boost::asio::buffer(std::string("{}\n")));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit const none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  auto const turns = io.run_for(std::chrono::milliseconds(50));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_LT(turns, 5U) << "it tries again and again";
  EXPECT_FALSE(asked);
  while (!asked) io.run_one();
}

TEST(Control, a_folder_with_a_long_path_has_its_socket_too) {
  store::TestFolder folder;
  auto const deep = std::filesystem::path(folder.file("")) / std::string(120, 'a');
  std::filesystem::create_directories(deep);
  Echo const server(deep);
  ASSERT_TRUE(server.is_open());
  EXPECT_TRUE(ask(deep, {}));
}

TEST(Control, a_socket_left_by_a_dead_server_is_replaced) {
  store::TestFolder folder;
  {
    Echo const first(folder.file(""));
    std::filesystem::rename(folder.file("control"), folder.file("left"));
  }
  std::filesystem::rename(folder.file("left"), folder.file("control"));
  EXPECT_EQ(ask(folder.file(""), {}).error().code, ErrorCode::unreachable);
  Echo const second(folder.file(""));
  EXPECT_TRUE(ask(folder.file(""), {}));
}

TEST(Control, without_a_server_nobody_is_there) {
  store::TestFolder folder;
  EXPECT_EQ(ask(folder.file(""), {}).error().code, ErrorCode::unreachable);
  EXPECT_EQ(ask(folder.file("nowhere"), {}).error().code, ErrorCode::unreachable);
}

}  // namespace
}  // namespace reveille::admin
