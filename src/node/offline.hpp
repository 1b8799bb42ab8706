// Offline: an operator's command on data that no server uses.
#pragma once

#include "base/result.hpp"
#include "node/settings.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace reveille::node {

// Takes the data folder's lock, loads what is there, answers, writes. `busy` when a server holds the folder.
[[nodiscard]] Result<boost::json::value> answer_offline(Settings const& settings, boost::json::object const& request);

}  // namespace reveille::node
