// Answers on the terminal: one JSON object a line, or tables and sentences for a person.
#pragma once

#include "base/result.hpp"
#include "node/command_line.hpp"

#include <boost/json/array.hpp>

namespace reveille::node {

// An empty file for this user alone, which must not be there yet: made before the secret is, for show() to fill.
// Errors: `storage`.
[[nodiscard]] Result<void> make_secret_file(std::filesystem::path const& file);

// Errors: `storage` when the file for a secret cannot be written.
[[nodiscard]] Result<void> show(CommandLine const& line, boost::json::array const& items);

}  // namespace reveille::node
