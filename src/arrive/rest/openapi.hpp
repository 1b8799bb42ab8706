// What a description of an API (OpenAPI 3.1) says of problems: each door writes down what it takes and gives where all
// goes well, and names the problems of each operation; their statuses, words and header fields are added here. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reveille::arrive {

struct OpenapiOperation {
  std::string_view path = {};
  std::string_view method = {};
  std::vector<std::string_view> problems = {};  // beside those that any request may meet
};

// The description with its problems, as JSON. `written` is JSON, and names every operation.
[[nodiscard]] std::string with_problems(std::string_view written, std::vector<OpenapiOperation> const& operations);

}  // namespace reveille::arrive
