#include "edge/xmpp/scram_server.hpp"

using namespace reveille;

struct Somebody final : edge::ScramCredentials {
  void lookup(std::string const&, std::string const& mechanism, Answer answer) override {
    std::string const key(mechanism == "SCRAM-SHA-1" ? 20 : 32, 'k');
    answer(edge::ScramKeys{.salt = "salt", .iterations = 4096, .stored_key = key, .server_key = key});
  }
};

// RFC 5802: the client's first message, a line feed, its last one. Nobody is let in who guesses.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  auto const first = text.substr(0, text.find('\n'));
  auto const last = first.size() == size ? std::string_view() : text.substr(first.size() + 1);
  for (std::string const mechanism : {"SCRAM-SHA-1", "SCRAM-SHA-256"}) {
    Somebody house;
    Secret const secret{"the server's own"};
    edge::ScramServer server(house, secret);
    server.start(mechanism, std::string(first), "localhost", [](xmpp::SaslAnswer) {});
    if (std::holds_alternative<xmpp::SaslSuccess>(server.proceed(last))) __builtin_trap();
  }
  return 0;
}
