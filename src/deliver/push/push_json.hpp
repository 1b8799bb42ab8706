// What the push service is asked and answers, as JSON (interfaces.md, section 3). Pure. Threads: any.
#pragma once

#include "base/result.hpp"
#include "model/push.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::deliver {

[[nodiscard]] std::string write_request(model::PushRequest const& request);
// Of a view; nothing when it is none.
[[nodiscard]] std::optional<model::PushReceipt> read_view(std::string_view body, Instant now);
// The name of a problem, "unknown" when there is none.
[[nodiscard]] std::string read_problem(std::string_view body);

struct Token {
  std::string value = {};
  Duration lives = {};
};
[[nodiscard]] std::optional<Token> read_token(std::string_view body);
struct ServedProvider {
  model::Provider provider = model::Provider::none;
  model::Environment environment = model::Environment::production;  // of APNs
};
[[nodiscard]] std::optional<std::vector<ServedProvider>> read_providers(std::string_view body);

}  // namespace reveille::deliver
