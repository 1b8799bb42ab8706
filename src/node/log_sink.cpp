#include "node/log_sink.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

namespace reveille::node {
namespace {

constexpr std::size_t longest_line = 4000;

}  // namespace

// A pipe is ready for writing when it takes at least PIPE_BUF bytes at once; a file always is.
bool LogSink::has_room() const {
  pollfd asked{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

void LogSink::write(std::string_view line) const {
  [[maybe_unused]] auto const written = ::write(descriptor_, line.data(), line.size());
}

void LogSink::sink_it_(spdlog::details::log_msg const& message) {
  if (!has_room()) {
    ++dropped_;
    return;
  }
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  if (line.size() > longest_line) {
    line.resize(longest_line);
    line[longest_line - 1] = '\n';
  }
  if (dropped_ != 0) {
    write(fmt::format("{} lines of the log were dropped: nobody read them\n", std::exchange(dropped_, 0)));
    if (!has_room()) {
      ++dropped_;
      return;
    }
  }
  write({line.data(), line.size()});
}

}  // namespace reveille::node
