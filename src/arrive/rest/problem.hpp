// Problem: what went wrong with a request, as application/problem+json (RFC 9457), with the field to blame.
#pragma once

#include "edge/http/message.hpp"
#include "model/device_port.hpp"
#include "model/push_service.hpp"

#include <optional>
#include <string>
#include <vector>

namespace reveille::arrive {

struct Problem {
  int status = 400;
  std::string name = {};    // type is urn:reveille:problem:NAME
  std::string detail = {};  // our words, never the peer's
  std::string field = {};   // "target.token"; empty: none
  std::optional<int> retry_after = {};
  std::string allow = {};                            // with 405: the methods that there are (RFC 9110 section 15.5.6)
  std::vector<std::string> challenges = {"Bearer"};  // with 401: how to say who one is (section 11.6.1)
};

[[nodiscard]] Problem problem_of(model::PushRefusal refusal);
[[nodiscard]] Problem problem_of(model::DeviceRefusal refusal);
[[nodiscard]] Problem unknown_path();
// What the HTTP server says in our name: of a request that never became one, or of an answer that never came.
[[nodiscard]] Problem problem_of_http(int status);
[[nodiscard]] edge::HttpResponse response_of(Problem const& problem);

}  // namespace reveille::arrive
