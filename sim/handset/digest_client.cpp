// Digest authentication, the client's side.
#include "sim/handset/digest_client.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t most_fields = 32;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  auto const start = text.find_first_not_of(" \t");
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

// One `name=value` or `name="value"` from the front.
struct Field {
  std::string_view name = {};
  std::string value = {};
};

std::optional<Field> take_field(std::string_view& rest) {
  auto const equals = rest.find('=');
  if (equals == rest.npos) return std::nullopt;
  Field field{.name = trimmed(rest.substr(0, equals))};
  rest = trimmed(rest.substr(equals + 1));
  if (rest.starts_with('"')) {
    std::size_t at = 1;
    for (; at < rest.size() && rest[at] != '"'; ++at) {
      if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
      field.value += rest[at];
    }
    if (at >= rest.size()) return std::nullopt;
    rest.remove_prefix(at + 1);
    rest.remove_prefix(std::min(rest.find(',') == rest.npos ? rest.size() : rest.find(',') + 1, rest.size()));
  } else {
    auto const comma = std::min(rest.find(','), rest.size());
    field.value = std::string(trimmed(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return field;
}

bool offers_auth(std::string_view qop) {
  while (!qop.empty()) {
    auto const comma = std::min(qop.find(','), qop.size());
    if (equal_ignoring_case(trimmed(qop.substr(0, comma)), "auth")) return true;
    qop.remove_prefix(std::min(comma + 1, qop.size()));
  }
  return false;
}

bool read_field(Field const& field, Challenge& challenge) {
  if (equal_ignoring_case(field.name, "realm")) challenge.realm = field.value;
  if (equal_ignoring_case(field.name, "nonce")) challenge.nonce = field.value;
  if (equal_ignoring_case(field.name, "opaque")) challenge.opaque = field.value;
  if (equal_ignoring_case(field.name, "stale")) challenge.stale = equal_ignoring_case(field.value, "true");
  if (equal_ignoring_case(field.name, "qop")) challenge.auth = offers_auth(field.value);
  if (!equal_ignoring_case(field.name, "algorithm")) return true;
  challenge.algorithm = equal_ignoring_case(field.value, "SHA-256") ? DigestAlgorithm::sha256 : DigestAlgorithm::md5;
  return equal_ignoring_case(field.value, "SHA-256") || equal_ignoring_case(field.value, "MD5");
}

std::optional<Challenge> parse_challenge(std::string_view value) {
  value = trimmed(value);
  constexpr std::string_view scheme = "Digest";
  if (value.size() < scheme.size() + 1 || !equal_ignoring_case(value.substr(0, scheme.size()), scheme))
    return std::nullopt;
  auto rest = trimmed(value.substr(scheme.size()));
  Challenge challenge;
  for (std::size_t count = 0; !rest.empty(); ++count) {
    auto const field = take_field(rest);
    if (!field || count == most_fields || !read_field(*field, challenge)) return std::nullopt;
    rest = trimmed(rest);
  }
  if (challenge.realm.empty() || challenge.nonce.empty()) return std::nullopt;
  return challenge;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

std::string eight_digits(std::uint32_t number) {
  std::array<char, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(number >> (24 - 8 * i) & 0xFF);
  return encode_hex({bytes.data(), bytes.size()});
}

}  // namespace

std::optional<Challenge> choose_challenge(std::vector<std::string_view> const& values) {
  for (auto const value : values)
    if (auto challenge = parse_challenge(value)) return challenge;
  return std::nullopt;
}

// RFC 7616 section 3.4.
std::string answer_challenge(Challenge const& challenge, DigestRequest const& request, Secret const& password) {
  auto* const hash = challenge.algorithm == DigestAlgorithm::md5 ? crypto::md5 : crypto::sha256;
  auto const hex = [hash](std::string const& text) { return encode_hex(hash(text)); };
  std::string const user(request.user);
  std::string const uri(request.uri);
  auto const count = eight_digits(request.nonce_count);

  auto const secret = hex(user + ':' + challenge.realm + ':' + std::string(password.reveal()));
  auto const subject = hex(std::string(request.method) + ':' + uri);
  auto const middle = challenge.auth ? count + ':' + std::string(request.client_nonce) + ":auth:" : std::string();
  auto const response = hex(secret + ':' + challenge.nonce + ':' + middle + subject);

  auto out = "Digest username=" + quoted(user) + ", realm=" + quoted(challenge.realm) +
             ", nonce=" + quoted(challenge.nonce) + ", uri=" + quoted(uri) + ", response=\"" + response +
             "\", algorithm=" + (challenge.algorithm == DigestAlgorithm::md5 ? "MD5" : "SHA-256");
  if (challenge.auth) out += ", qop=auth, nc=" + count + ", cnonce=" + quoted(request.client_nonce);
  if (!challenge.opaque.empty()) out += ", opaque=" + quoted(challenge.opaque);
  return out;
}

}  // namespace reveille::sim::handset
