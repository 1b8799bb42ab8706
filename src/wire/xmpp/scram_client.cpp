#include "wire/xmpp/scram_client.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"

#include <charconv>
#include <cstddef>
#include <utility>

namespace reveille::xmpp {
namespace {

// A server that asks for more is not worth the battery; RFC 7677 section 4 asks for at least 4096.
constexpr std::uint32_t most_iterations = 1'000'000;

std::string hash(ScramHash hash, std::string_view bytes) {
  return hash == ScramHash::sha1 ? crypto::sha1(bytes) : crypto::sha256(bytes);
}

std::string hmac(ScramHash hash, std::string_view key, std::string_view bytes) {
  return hash == ScramHash::sha1 ? crypto::hmac_sha1(key, bytes) : crypto::hmac_sha256(key, bytes);
}

std::string salted(ScramHash hash, Secret const& password, std::string_view salt, std::uint32_t iterations) {
  return hash == ScramHash::sha1 ? crypto::pbkdf2_sha1(password.reveal(), salt, iterations)
                                 : crypto::pbkdf2_sha256(password.reveal(), salt, iterations);
}

std::string exclusive_or(std::string a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

std::uint32_t iterations_of(std::string_view text) {
  std::uint32_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value <= most_iterations ? value : 0;
}

}  // namespace

std::string escape_scram_name(std::string_view name) {
  std::string out;
  for (char const c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

Result<std::string> unescape_scram_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    if (name.front() != '=') {
      out += name.front();
      name.remove_prefix(1);
      continue;
    }
    if (!name.starts_with("=2C") && !name.starts_with("=3D"))
      return failure(ErrorCode::malformed, "a SCRAM user name has a stray '='");
    out += name[1] == '2' ? ',' : '=';
    name.remove_prefix(3);
  }
  return out;
}

Result<std::string> scram_attribute(std::string_view message, char name) {
  while (!message.empty()) {
    auto const part = message.substr(0, message.find(','));
    if (part.size() >= 2 && part[0] == name && part[1] == '=') return std::string(part.substr(2));
    message.remove_prefix(part.size() == message.size() ? part.size() : part.size() + 1);
  }
  return failure(ErrorCode::malformed, std::string("a SCRAM message has no '") + name + "'");
}

// FIXME: RFC 5802 section 5.1: the user name and the password are not prepared with SASLprep; ASCII is unaffected.
ScramClient::ScramClient(ScramHash hash, std::string_view user, Secret password, std::string_view nonce)
    : hash_(hash),
      password_(std::move(password)),
      nonce_(nonce),
      first_bare_("n=" + escape_scram_name(user) + ",r=" + nonce_) {}

Result<std::string> ScramClient::answer(std::string_view challenge) {
  auto const nonce = scram_attribute(challenge, 'r');
  auto const salt_text = scram_attribute(challenge, 's');
  auto const iterations_text = scram_attribute(challenge, 'i');
  if (!nonce || !salt_text || !iterations_text || challenge.starts_with("m="))
    return failure(ErrorCode::malformed, "the server's SCRAM challenge is not complete");
  auto const salt = decode_base64(*salt_text);
  auto const iterations = iterations_of(*iterations_text);
  if (!salt || iterations == 0) return failure(ErrorCode::malformed, "the server's SCRAM salt or count is not valid");
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size())
    return failure(ErrorCode::malformed, "the server's SCRAM nonce does not continue ours");

  // RFC 5802 section 3.
  auto const salted_password = salted(hash_, password_, *salt, iterations);
  auto const client_key = hmac(hash_, salted_password, "Client Key");
  auto const stored_key = hash(hash_, client_key);
  auto const without_proof = "c=biws,r=" + *nonce;
  auto const auth_message = first_bare_ + "," + std::string(challenge) + "," + without_proof;
  auto const proof = exclusive_or(client_key, hmac(hash_, stored_key, auth_message));
  server_signature_ = hmac(hash_, hmac(hash_, salted_password, "Server Key"), auth_message);
  return without_proof + ",p=" + encode_base64(proof);
}

Result<void> ScramClient::verify(std::string_view server_final) const {
  auto const text = scram_attribute(server_final, 'v');
  auto const signature = text ? decode_base64(*text) : std::nullopt;
  if (!signature || server_signature_.empty() || !equal_in_constant_time(*signature, server_signature_))
    return failure(ErrorCode::refused, "the server did not prove that it knows the password");
  return {};
}

}  // namespace reveille::xmpp
