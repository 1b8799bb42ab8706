#include "deliver/apns/answer.hpp"
#include "deliver/push/push_json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace reveille::deliver;

// Whatever a push service or a provider answers is read, or is no answer. The first two bytes are the status.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const body{reinterpret_cast<char const*>(data), size};
  (void)read_view(body, {});
  (void)read_token(body);
  (void)read_providers(body);
  if (read_problem(body).empty()) __builtin_trap();
  if (size < 2) return 0;
  int const status = data[0] * 4 + data[1] % 4;
  auto const answer = apns::read_answer(
      {.outcome = reveille::edge::Outcome::response, .status = status, .body = std::string(body.substr(2))});
  if (answer.answer.verdict == reveille::model::ProviderVerdict::accepted && status != 200) __builtin_trap();
  return 0;
}
