#include "node/log_sink.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

namespace reveille::node {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  Pipe(Pipe const&) = delete;
  Pipe& operator=(Pipe const&) = delete;

  [[nodiscard]] int writer() const { return ends_[1]; }
  // What is in it; to be asked only when something is.
  [[nodiscard]] std::string take() const {
    std::string text(1 << 20, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends_[0], text.data(), text.size()), 0)));
    return text;
  }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

struct LogSinkOnAPipe : testing::Test {
  Pipe pipe;
  spdlog::logger log{"test", std::make_shared<LogSink>(pipe.writer())};

  LogSinkOnAPipe() { log.set_pattern("%v"); }
};

TEST_F(LogSinkOnAPipe, WritesALineAtOnce) {
  log.info("call ended: {}", "outcome=answered");
  EXPECT_EQ(pipe.take(), "call ended: outcome=answered\n");
}

TEST_F(LogSinkOnAPipe, NeverWaitsForAReaderAndSaysLaterHowMuchWasLost) {
  for (int line = 0; line < 10'000; ++line) log.info("one of many lines, which nobody reads: {}", line);
  auto const kept = pipe.take();
  EXPECT_TRUE(kept.starts_with("one of many lines, which nobody reads: 0\n"));
  auto const lines = std::ranges::count(kept, '\n');
  ASSERT_LT(lines, 10'000);
  log.info("read again");
  EXPECT_EQ(pipe.take(),
            std::to_string(10'000 - lines) + " lines of the log were dropped: nobody read them\nread again\n");
}

TEST_F(LogSinkOnAPipe, CutsWhatAPipeWouldNotTakeWhole) {
  log.info(std::string(100'000, 'x'));
  auto const text = pipe.take();
  EXPECT_EQ(text.size(), 4000U);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

}  // namespace
}  // namespace reveille::node
