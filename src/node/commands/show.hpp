// Answers on the terminal: one JSON object a line, or tables and sentences for a person.
#pragma once

#include "base/result.hpp"
#include "node/command_line.hpp"

#include <boost/json/array.hpp>

namespace reveille::node {

// Errors: `storage` when the file for a secret cannot be written.
[[nodiscard]] Result<void> show(CommandLine const& line, boost::json::array const& items);

}  // namespace reveille::node
