// Logbook: what the log says of what happens to calls, pushes, messages and devices: one line for each that ends or
// changes, with the id under which `reveille trace` tells the rest.
//
// The words before the colon are constant; data follow as name=value, text of peers as a JSON string. Tokens are never
// in it. Level info: how a call ended, a push that was not delivered, a device that came, left or lost a token; debug:
// all other ends. Threads: the shard's. Errors: none.
#pragma once

#include "admin/traces.hpp"
#include "model/account.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::admin {

enum class LogLevel : std::uint8_t { debug, info };

// None where the step ends nothing.
[[nodiscard]] std::optional<LogLevel> level_of(model::TraceStep const& step);
[[nodiscard]] std::string line_of(Trace const& trace, model::TraceStep const& step);

// `what` is what happened, as constant words.
[[nodiscard]] std::string line_of(std::string_view what, model::AccountId const& account,
                                  model::InstanceId const& device);

}  // namespace reveille::admin
