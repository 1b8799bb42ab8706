// RTP packets, G.711 µ-law, tones and pictures.
#include "sim/handset/rtp.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t fixed_header = 12;
constexpr int mu_law_bias = 0x84;
constexpr int mu_law_clip = 32635;
constexpr double amplitude = 8000;

std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::uint32_t read_big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void append_big_endian(std::string& out, std::uint32_t value, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

}  // namespace

std::string encode_rtp(RtpPacket const& packet) {
  std::string out;
  out.reserve(fixed_header + packet.payload.size());
  out.push_back(static_cast<char>(0x80));
  out.push_back(static_cast<char>(packet.payload_type & 0x7F));
  append_big_endian(out, packet.sequence, 2);
  append_big_endian(out, packet.timestamp, 4);
  append_big_endian(out, packet.source, 4);
  return out += packet.payload;
}

std::optional<RtpPacket> decode_rtp(std::string_view bytes) {
  if (bytes.size() < fixed_header) return std::nullopt;
  auto const first = static_cast<unsigned char>(bytes[0]);
  if (first >> 6 != 2) return std::nullopt;
  std::size_t start = fixed_header + std::size_t{4} * (first & 0x0F);
  if ((first & 0x10) != 0) {
    if (bytes.size() < start + 4) return std::nullopt;
    start += 4 + std::size_t{4} * read_big_endian(bytes, start + 2, 2);
  }
  std::size_t end = bytes.size();
  if (start > end) return std::nullopt;
  if ((first & 0x20) != 0) {
    std::size_t const padding = static_cast<unsigned char>(bytes.back());
    if (padding == 0 || padding > end - start) return std::nullopt;
    end -= padding;
  }
  return RtpPacket{.payload_type = static_cast<std::uint8_t>(static_cast<unsigned char>(bytes[1]) & 0x7F),
                   .sequence = static_cast<std::uint16_t>(read_big_endian(bytes, 2, 2)),
                   .timestamp = read_big_endian(bytes, 4, 4),
                   .source = read_big_endian(bytes, 8, 4),
                   .payload = bytes.substr(start, end - start)};
}

bool RtpReception::take(RtpPacket const& packet) {
  constexpr std::uint16_t largest_gap = 3000;  // "MAX_DROPOUT"
  if (packet.payload_type != payload_type_) return false;
  if (packet.source != source_) return take_stranger(packet);
  stranger_.reset();
  auto const gap = static_cast<std::uint16_t>(packet.sequence - due_);
  if (gap < largest_gap) {
    expected_ += gap + 1U;
    due_ = static_cast<std::uint16_t>(packet.sequence + 1);
  } else if (gap <= 0xFFFF - 100) {  // neither ahead nor, by "MAX_MISORDER", behind: it has begun anew
    source_.reset();
    return take_stranger(packet);
  }
  ++of_source_;
  ++received_;
  return true;
}

bool RtpReception::take_stranger(RtpPacket const& packet) {
  bool const in_a_row = stranger_ == packet.source && strangers_due_ == packet.sequence;
  stranger_ = packet.source;
  strangers_due_ = static_cast<std::uint16_t>(packet.sequence + 1);
  if (!in_a_row) return false;
  source_ = std::exchange(stranger_, std::nullopt);
  due_ = strangers_due_;
  expected_ = of_source_ = 2;
  received_ += 2;
  return true;
}

// ITU-T G.711, table 2: sign, 3 bits of segment, 4 bits of mantissa, all inverted.
std::uint8_t encode_mu_law(std::int16_t sample) {
  int const sign = sample < 0 ? 0x80 : 0;
  int const magnitude = std::min(std::abs(int{sample}), mu_law_clip) + mu_law_bias;
  int segment = 7;
  while (segment > 0 && (magnitude & (0x80 << segment)) == 0) --segment;
  int const mantissa = magnitude >> (segment + 3) & 0x0F;
  return static_cast<std::uint8_t>(~(sign | segment << 4 | mantissa));
}

std::int16_t decode_mu_law(std::uint8_t byte) {
  int const bits = ~byte & 0xFF;
  int const segment = bits >> 4 & 0x07;
  int const magnitude = ((((bits & 0x0F) << 3) + mu_law_bias) << segment) - mu_law_bias;
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? -magnitude : magnitude);
}

unsigned tone_of(std::string_view name, unsigned taken) {
  constexpr unsigned tones = (highest_tone - lowest_tone) / tone_step + 1;
  unsigned const index = hash_of(name) % tones;
  unsigned const tone = lowest_tone + tone_step * index;
  return tone == taken ? lowest_tone + tone_step * ((index + tones / 2) % tones) : tone;
}

std::string ToneSource::next_frame() {
  std::string frame(samples_per_frame, '\0');
  for (char& byte : frame) {
    double const angle = 2 * std::numbers::pi * hertz_ * static_cast<double>(played_++) / samples_per_second;
    byte = static_cast<char>(encode_mu_law(static_cast<std::int16_t>(amplitude * std::sin(angle))));
  }
  return frame;
}

double share_at(std::span<std::int16_t const> samples, unsigned hertz) {
  double const coefficient = 2 * std::cos(2 * std::numbers::pi * hertz / samples_per_second);
  double previous = 0;
  double before = 0;
  double energy = 0;
  for (auto const sample : samples) {
    double const current = sample + coefficient * previous - before;
    before = previous;
    previous = current;
    energy += static_cast<double>(sample) * sample;
  }
  // Below the quietest step of µ-law there is silence, and silence is no tone.
  if (energy < 64.0 * static_cast<double>(samples.size())) return 0;
  double const power = previous * previous + before * before - coefficient * previous * before;
  return 2 * power / (static_cast<double>(samples.size()) * energy);
}

void ToneEar::hear(std::string_view mu_law) {
  std::vector<std::int16_t> samples;
  samples.reserve(mu_law.size());
  for (char byte : mu_law) samples.push_back(decode_mu_law(static_cast<std::uint8_t>(byte)));
  run_ = share_at(samples, hertz_) > 0.7 ? run_ + 1 : 0;
}

std::string picture_of(std::uint32_t seed, std::uint16_t sequence) {
  std::string picture;
  picture.reserve(picture_bytes);
  append_big_endian(picture, seed, 4);
  std::uint32_t state = (seed ^ (std::uint32_t{sequence} * 2654435761U)) | 1U;
  while (picture.size() < picture_bytes) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    append_big_endian(picture, state, 4);
  }
  return picture;
}

void PictureEye::see(RtpPacket const& packet) {
  if (packet.payload.size() != picture_bytes) {
    run_ = 0;
    return;
  }
  auto const seed = read_big_endian(packet.payload, 0, 4);
  bool const genuine = seed != own_ && packet.payload == picture_of(seed, packet.sequence);
  if (seed != seed_) run_ = 0;
  run_ = genuine ? run_ + 1 : 0;
  seed_ = seed;
}

}  // namespace reveille::sim::handset
