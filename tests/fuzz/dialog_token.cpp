#include "edge/sip/dialog_token.hpp"

#include "edge/sip/remote.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace reveille::edge::sip;

// Nobody makes a token that we have not sealed; a way that is kept leads to where it led.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text{reinterpret_cast<char const*>(data), size};
  DialogTokens const tokens{reveille::Secret{std::string(32, 'f')}};
  if (tokens.read(text, "call") || tokens.read_uri(text, "call")) __builtin_trap();
  auto const written = tokens.write({.account = std::string(text.substr(0, text.find('\0')))}, text);
  if (!tokens.read(written, text)) __builtin_trap();
  auto const target = parse_remote(text);
  if (!target) return 0;
  auto const again =
      parse_remote(format_remote({.transport = target->transport, .remote = target->remote, .local = target->local}));
  if (!again || again->remote != target->remote || again->local != target->local) __builtin_trap();
  return 0;
}
