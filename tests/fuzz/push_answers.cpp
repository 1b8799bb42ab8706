#include "deliver/apns/answer.hpp"
#include "deliver/push/push_json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace reveille::deliver;

// Whatever a push service or a provider answers is read, or is no answer. The first two bytes are the status.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 2) return 0;
  int const status = data[0] * 4 + data[1] % 4;
  std::string const body{reinterpret_cast<char const*>(data) + 2, size - 2};
  (void)read_view(body, {});
  (void)read_token(body);
  (void)read_providers(body);
  if (read_problem(body).empty()) __builtin_trap();
  auto const answer = apns::read_answer({.outcome = reveille::edge::Outcome::response, .status = status, .body = body});
  if (answer.answer.verdict == reveille::model::ProviderVerdict::accepted && status != 200) __builtin_trap();
  return 0;
}
