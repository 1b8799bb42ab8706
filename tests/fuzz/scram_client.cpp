#include "wire/xmpp/scram_client.hpp"

using namespace reveille;

// The server's challenge, a line feed, its last word. A server that guesses is not believed.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  auto const challenge = text.substr(0, text.find('\n'));
  // A higher count takes its time, and nothing else.
  if (auto const count = xmpp::scram_attribute(challenge, 'i'); count && count->size() > 3) return 0;
  (void)xmpp::unescape_scram_name(text);
  xmpp::ScramClient client(xmpp::ScramHash::sha256, "juliet", Secret{"secret"}, "nonce");
  if (!client.answer(challenge) || challenge.size() == size) return 0;
  if (client.verify(text.substr(challenge.size() + 1))) __builtin_trap();
  return 0;
}
