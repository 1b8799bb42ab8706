// RTP packets (RFC 3550 section 5.1), G.711 µ-law samples (RFC 3551 section 4.5.14), and what the handset plays.
//
// A handset must show that the other end's media arrived, not merely some packets. So each end plays a tone of its own
// in audio and a byte pattern of its own in video, and listens for the other's. Of any other phone it tells what RTP
// itself shows (RtpReception).
// Pure: bytes and samples, no socket, no clock. A sample is 1/8000 s, a frame 160 samples = 20 ms.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

inline constexpr std::size_t samples_per_frame = 160;
inline constexpr unsigned samples_per_second = 8000;

struct RtpPacket {
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t source = 0;
  std::string_view payload = {};
};

[[nodiscard]] std::string encode_rtp(RtpPacket const& packet);
// The payload views `bytes`. Nothing for what is not version 2, or is shorter than it says.
[[nodiscard]] std::optional<RtpPacket> decode_rtp(std::string_view bytes);

// What comes in on one stream (RFC 3550 appendices A.1 and A.3): packets of the negotiated payload type, from one
// source, counted by their sequence.
class RtpReception {
 public:
  explicit RtpReception(std::uint8_t payload_type) : payload_type_(payload_type) {}

  // True: it belongs to the stream. A source is believed from its second packet in a row, and so is one that comes in
  // the place of another.
  [[nodiscard]] bool take(RtpPacket const& packet);
  [[nodiscard]] std::optional<std::uint32_t> source() const { return source_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // Packets of this source that should have come and have not.
  [[nodiscard]] std::uint64_t lost() const { return expected_ > of_source_ ? expected_ - of_source_ : 0; }

 private:
  [[nodiscard]] bool take_stranger(RtpPacket const& packet);

  std::uint8_t payload_type_;
  std::optional<std::uint32_t> source_ = {};
  std::optional<std::uint32_t> stranger_ = {};
  std::uint16_t due_ = 0;  // the source's next sequence number
  std::uint16_t strangers_due_ = 0;
  std::uint64_t expected_ = 0;   // of this source, by its sequence numbers
  std::uint64_t of_source_ = 0;  // and what has come of them
  std::uint64_t received_ = 0;
};

[[nodiscard]] std::uint8_t encode_mu_law(std::int16_t sample);
[[nodiscard]] std::int16_t decode_mu_law(std::uint8_t byte);

// Tones are multiples of 50 Hz: a frame holds whole periods of each, so that none leaks into another's measurement.
inline constexpr unsigned lowest_tone = 400;
inline constexpr unsigned highest_tone = 3000;
inline constexpr unsigned tone_step = 50;

// A tone for someone of that name; never `taken`.
[[nodiscard]] unsigned tone_of(std::string_view name, unsigned taken = 0);

// An endless sine, a frame at a time.
class ToneSource {
 public:
  explicit ToneSource(unsigned hertz) : hertz_(hertz) {}
  [[nodiscard]] std::string next_frame();

 private:
  unsigned hertz_;
  std::uint64_t played_ = 0;
};

// The share (0–1) of a frame's energy that is at one frequency, by Goertzel's algorithm.
[[nodiscard]] double share_at(std::span<std::int16_t const> samples, unsigned hertz);

// Listens for one tone. It counts as recognised after 10 frames in a row (200 ms) in which it dominates.
class ToneEar {
 public:
  explicit ToneEar(unsigned hertz) : hertz_(hertz) {}
  void hear(std::string_view mu_law);
  [[nodiscard]] bool recognised() const { return run_ >= 10; }

 private:
  unsigned hertz_;
  unsigned run_ = 0;
};

// A video "picture": its sender's seed, and bytes that only he sends under this sequence number.
inline constexpr std::size_t picture_bytes = 240;
[[nodiscard]] std::string picture_of(std::uint32_t seed, std::uint16_t sequence);

// Recognises pictures of any one seed but its own side's, after five in a row.
class PictureEye {
 public:
  explicit PictureEye(std::uint32_t own_seed) : own_(own_seed) {}
  void see(RtpPacket const& packet);
  [[nodiscard]] bool recognised() const { return run_ >= 5; }

 private:
  std::uint32_t own_;
  std::uint32_t seed_ = 0;  // of the picture before
  unsigned run_ = 0;
};

}  // namespace reveille::sim::handset
