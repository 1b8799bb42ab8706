// Control: how operators' commands talk to the running server, over a Unix socket in the data folder (mode 0600).
//
// One connection carries one request and its answer, each a JSON text on one line. A request is
// {"command":NAME, …}; an answer {"ok":true,"items":[…]} or {"ok":false,"error":SENTENCE}. Who may open the socket may
// do all; the folder's mode keeps others out. Requests are at most 64 KB, and must come within 5 s.
// Threads: the server's side runs on the io_context given; ask() blocks, for command line programs.
#pragma once

#include "base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

#include <filesystem>
#include <functional>
#include <memory>

namespace reveille::admin {

using ControlReply = std::move_only_function<void(boost::json::value)>;
// Answers exactly once, at once or later.
using ControlHandler = std::function<void(boost::json::object, ControlReply)>;

class ControlSocket {
 public:
  // Opens FOLDER/control. The caller holds the folder's lock, so a socket that is there already is a dead server's.
  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& context,
                                                                   std::filesystem::path const& folder,
                                                                   ControlHandler handler);
  virtual ~ControlSocket() = default;
  // No further connections; the socket's file goes.
  virtual void close() = 0;
};

// Asks the server that runs on the folder; `unreachable` when none does.
[[nodiscard]] Result<boost::json::value> ask(std::filesystem::path const& folder, boost::json::object const& request);

}  // namespace reveille::admin
