#include "wire/sip/nonce.hpp"

#include "base/encoding.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>

namespace reveille::sip {
namespace {

constexpr std::size_t time_and_serial_size = 16;
// How far a nonce may lie in the future: nodes' clocks differ.
constexpr Duration clock_slack = 30s;

void put_number(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> static_cast<unsigned>(shift));
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = at; i < at + 8; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

void NonceMint::FreeContext::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

NonceMint::NonceMint(Secret const& key, Duration lifetime) : lifetime_(lifetime) {
  auto* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  context_.reset(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);
  std::string name = "SHA2-256";
  std::array const parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                              OSSL_PARAM_construct_end()};
  auto const bytes = key.reveal();
  EVP_MAC_init(context_.get(), reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size(), parameters.data());
}
NonceMint::NonceMint(NonceMint&&) noexcept = default;
NonceMint& NonceMint::operator=(NonceMint&&) noexcept = default;
NonceMint::~NonceMint() = default;

NonceMint::Mac NonceMint::mac_of(std::string_view time_and_serial, std::string_view bound_to) {
  std::array<unsigned char, 32> whole{};
  std::size_t size = 0;
  // No key: the one given at the start is used again.
  EVP_MAC_init(context_.get(), nullptr, 0, nullptr);
  for (auto const part : {time_and_serial, bound_to})
    EVP_MAC_update(context_.get(), reinterpret_cast<unsigned char const*>(part.data()), part.size());
  EVP_MAC_final(context_.get(), whole.data(), &size, whole.size());
  Mac out{};
  std::copy_n(whole.begin(), out.size(), out.begin());
  return out;
}

std::string NonceMint::make(Instant now, std::uint64_t serial, std::string_view bound_to) {
  std::string bytes;
  bytes.reserve(time_and_serial_size + mac_size);
  put_number(bytes, static_cast<std::uint64_t>(unix_microseconds(now)));
  put_number(bytes, serial);
  auto const mac = mac_of(bytes, bound_to);
  bytes.append(mac.begin(), mac.end());
  return encode_base64url(bytes);
}

bool NonceMint::decode(std::string_view nonce, Bytes& bytes) {
  // 32 bytes in base64url: another length is not of ours, and is not decoded.
  return nonce.size() == 43 && decode_base64url(nonce, bytes);
}

NonceVerdict NonceMint::verdict_of(Bytes const& bytes, Instant now) const {
  std::string_view const head{bytes.data(), time_and_serial_size};
  NonceVerdict verdict{.state = NonceState::fresh,
                       .made = from_unix_microseconds(static_cast<std::int64_t>(number_at(head, 0))),
                       .serial = number_at(head, 8)};
  if (now - verdict.made > lifetime_ || verdict.made - now > clock_slack) verdict.state = NonceState::stale;
  return verdict;
}

NonceVerdict NonceMint::check(std::string_view nonce, Instant now, std::string_view bound_to) {
  Bytes bytes{};
  if (!decode(nonce, bytes)) return {};
  std::string_view const whole{bytes.data(), bytes.size()};
  auto const mac = mac_of(whole.substr(0, time_and_serial_size), bound_to);
  if (!equal_in_constant_time(std::string_view(reinterpret_cast<char const*>(mac.data()), mac.size()),
                              whole.substr(time_and_serial_size)))
    return {};
  return verdict_of(bytes, now);
}

NonceVerdict NonceMint::read(std::string_view nonce, Instant now) const {
  Bytes bytes{};
  return decode(nonce, bytes) ? verdict_of(bytes, now) : NonceVerdict{};
}

NonceCounts::Entry& NonceCounts::place_for(NonceVerdict const& verdict) {
  if (entries_.size() < most) return entries_.emplace_back(Entry{.made = verdict.made, .serial = verdict.serial});
  auto& oldest = *std::ranges::min_element(entries_, {}, &Entry::made);
  dropped_until_ = std::max(dropped_until_, oldest.made);
  return oldest = {.made = verdict.made, .serial = verdict.serial};
}

bool NonceCounts::knows(NonceVerdict const& verdict) const {
  return std::ranges::any_of(
      entries_, [&verdict](Entry const& one) { return one.made == verdict.made && one.serial == verdict.serial; });
}

NonceMark NonceCounts::mark() const {
  auto const newest = std::ranges::max_element(entries_, {}, &Entry::made);
  if (newest == entries_.end() || newest->made < dropped_until_) return {.made = dropped_until_};
  return {.made = newest->made, .serial = static_cast<std::uint32_t>(newest->serial), .highest = newest->highest};
}

NonceCounts NonceCounts::resumed(NonceMark const& mark, NonceVerdict const& verdict) {
  constexpr auto all = ~std::uint64_t{0};
  NonceCounts counts;
  counts.dropped_until_ = mark.made;
  if (mark.highest != 0 && verdict.made == mark.made && static_cast<std::uint32_t>(verdict.serial) == mark.serial)
    counts.entries_.push_back({.made = verdict.made, .serial = verdict.serial, .highest = mark.highest, .seen = all});
  return counts;
}

NonceCounts::Use NonceCounts::use(NonceVerdict const& verdict, std::uint32_t count) {
  if (count == 0) return Use::replayed;
  auto const found = std::ranges::find_if(
      entries_, [&verdict](Entry const& one) { return one.made == verdict.made && one.serial == verdict.serial; });
  bool const is_new = found == entries_.end();
  if (is_new && verdict.made <= dropped_until_) return Use::forgotten;
  auto& entry = is_new ? place_for(verdict) : *found;

  if (count > entry.highest) {
    auto const ahead = count - entry.highest;
    entry.seen = ahead < 64 ? entry.seen << ahead | 1U : 1U;
    entry.highest = count;
    return Use::first;
  }
  auto const behind = entry.highest - count;
  if (behind >= 64 || (entry.seen >> behind & 1U) != 0) return Use::replayed;
  entry.seen |= std::uint64_t{1} << behind;
  return Use::first;
}

}  // namespace reveille::sip
