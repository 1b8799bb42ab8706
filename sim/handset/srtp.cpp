// SRTP sessions.
#include "sim/handset/srtp.hpp"

#include "base/encoding.hpp"

#include <array>
#include <cstdint>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t longest_packet = 2048;

// libsrtp wants 32-bit alignment and room behind the packet for its tag.
struct Packet {
  alignas(8) std::array<char, longest_packet> bytes = {};
  int size = 0;
};

bool srtp_ready() {
  static bool const ready = srtp_init() == srtp_err_status_ok;
  return ready;
}

Result<Packet> copy_of(std::string_view packet) {
  if (packet.size() + SRTP_MAX_TRAILER_LEN > longest_packet) return failure(ErrorCode::too_large, "packet is too long");
  Packet copy;
  packet.copy(copy.bytes.data(), packet.size());
  copy.size = static_cast<int>(packet.size());
  return copy;
}

}  // namespace

std::string make_srtp_key(Random& random) {
  std::array<std::uint8_t, srtp_key_bytes> key{};
  random.fill(key);
  return encode_base64({reinterpret_cast<char const*>(key.data()), key.size()});
}

SrtpSession::Handle SrtpSession::open(std::string_view key, srtp_ssrc_type_t direction) {
  auto const raw = decode_base64(key);
  if (!srtp_ready() || !raw || raw->size() != srtp_key_bytes) return nullptr;
  std::array<unsigned char, srtp_key_bytes> bytes{};
  std::copy(raw->begin(), raw->end(), bytes.begin());
  srtp_policy_t policy{};
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
  policy.ssrc.type = direction;
  policy.key = bytes.data();
  policy.window_size = 128;
  srtp_t session = nullptr;
  if (srtp_create(&session, &policy) != srtp_err_status_ok) return nullptr;
  return Handle(session);
}

Result<SrtpSession> SrtpSession::make(std::string_view sending_key, std::string_view receiving_key) {
  auto sending = open(sending_key, ssrc_any_outbound);
  auto receiving = open(receiving_key, ssrc_any_inbound);
  if (!sending || !receiving) return failure(ErrorCode::malformed, "not a key of AES_CM_128_HMAC_SHA1_80");
  return SrtpSession(std::move(sending), std::move(receiving));
}

Result<std::string> SrtpSession::protect(std::string_view packet) {
  auto copy = copy_of(packet);
  if (!copy) return std::unexpected(copy.error());
  if (srtp_protect(sending_.get(), copy->bytes.data(), &copy->size) != srtp_err_status_ok)
    return failure(ErrorCode::malformed, "not an RTP packet");
  return std::string(copy->bytes.data(), static_cast<std::size_t>(copy->size));
}

Result<std::string> SrtpSession::unprotect(std::string_view packet) {
  auto copy = copy_of(packet);
  if (!copy) return std::unexpected(copy.error());
  if (srtp_unprotect(receiving_.get(), copy->bytes.data(), &copy->size) != srtp_err_status_ok)
    return failure(ErrorCode::denied, "the packet is forged, replayed or under another key");
  return std::string(copy->bytes.data(), static_cast<std::size_t>(copy->size));
}

}  // namespace reveille::sim::handset
