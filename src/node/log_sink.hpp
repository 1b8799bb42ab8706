// LogSink: where the lines of the log go: a file descriptor, standard error as a rule.
//
// A reader that does not read stops nothing: a line for which a pipe has no room is dropped, and counted; the first
// that finds room again says how many were lost. Lines are cut at 4000 bytes, which a pipe takes whole or not at all
// (POSIX write(), PIPE_BUF). Lifetime: the process's. Threads: any. Errors: none; there is nobody to tell.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <mutex>
#include <string_view>

namespace reveille::node {

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(int descriptor) : descriptor_(descriptor) {}

 protected:
  void sink_it_(spdlog::details::log_msg const& message) override;
  void flush_() override {}

 private:
  [[nodiscard]] bool has_room() const;
  void write(std::string_view line) const;

  int descriptor_;
  std::uint64_t dropped_ = 0;
};

}  // namespace reveille::node
