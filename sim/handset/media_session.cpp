// RTP and SRTP over UDP.
#include "sim/handset/media_session.hpp"

#include "sim/handset/rtp.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>

namespace reveille::sim::handset {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::ip::udp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds frame_time{20};
constexpr unsigned frames_per_picture = 3;            // about 17 pictures a second
constexpr std::uint32_t picture_ticks = 90 * 20 * 3;  // RFC 3551 section 5: 90 kHz

// One stream, audio or video. Held by its operations under way; deaf and dumb after stop().
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(asio::any_io_executor const& executor, StreamKind kind, json::object labels, EmitEvent emit)
      : kind_(kind), labels_(std::move(labels)), emit_(std::move(emit)), socket_(executor), timer_(executor) {}

  [[nodiscard]] bool open(asio::ip::address const& address) {
    error_code error;
    socket_.open(address.is_v6() ? udp::v6() : udp::v4(), error);
    if (!error) socket_.bind({address, 0}, error);
    if (!error) read();
    return !error;
  }
  [[nodiscard]] std::uint16_t port() const {
    error_code ignored;
    return socket_.local_endpoint(ignored).port();
  }

  void agree(StreamDescription const& ours, StreamDescription const& theirs, std::string const& address) {
    error_code error;
    auto const host = asio::ip::make_address(address, error);
    if (error) return;
    remote_ = {host, theirs.port};
    sends_ = ours.direction == Direction::send_receive || ours.direction == Direction::send_only;
    bool const keyed = ours.crypto && theirs.crypto;
    if (keyed && keys_ != ours.crypto->key + theirs.crypto->key) {
      if (auto session = SrtpSession::make(ours.crypto->key, theirs.crypto->key)) srtp_.emplace(std::move(*session));
      keys_ = ours.crypto->key + theirs.crypto->key;
    }
    if (kind_ == StreamKind::audio) {
      if (!source_) source_.emplace(ours.tone.value_or(lowest_tone));
      if (theirs.tone && (!ear_ || theirs.tone != heard_tone_)) ear_.emplace(*theirs.tone);
      heard_tone_ = theirs.tone;
    } else {
      seed_ = ours.picture.value_or(0);
      if (theirs.picture && !eye_) eye_.emplace(*theirs.picture);
    }
    if (!std::exchange(started_, true)) {
      next_frame_ = std::chrono::steady_clock::now();
      tick();
    }
  }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    if (started_) report();
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void tick() {
    next_frame_ += frame_time;
    timer_.expires_at(next_frame_);
    timer_.async_wait([this, self = shared_from_this()](error_code error) {
      if (error || stopped_) return;
      play();
      tick();
    });
  }

  void play() {
    if (!sends_) return;
    if (kind_ == StreamKind::audio) {
      auto const frame = source_->next_frame();
      send({.payload_type = pcmu_payload_type,
            .sequence = sequence_,
            .timestamp = timestamp_,
            .source = synchronisation_,
            .payload = frame});
      timestamp_ += samples_per_frame;
    } else if (frame_++ % frames_per_picture == 0) {
      auto const picture = picture_of(seed_, sequence_);
      send({.payload_type = picture_payload_type,
            .sequence = sequence_,
            .timestamp = timestamp_,
            .source = synchronisation_,
            .payload = picture});
      timestamp_ += picture_ticks;
    }
  }

  void send(RtpPacket const& packet) {
    auto bytes = encode_rtp(packet);
    if (srtp_) {
      auto sealed = srtp_->protect(bytes);
      if (!sealed) return;
      bytes = std::move(*sealed);
    }
    error_code ignored;
    socket_.send_to(asio::buffer(bytes), remote_, 0, ignored);
    if (!ignored) ++sent_;
    ++sequence_;
  }

  void read() {
    socket_.async_receive_from(asio::buffer(buffer_), from_,
                               [this, self = shared_from_this()](error_code error, std::size_t size) {
                                 if (stopped_ || error == asio::error::operation_aborted) return;
                                 if (!error) hear({buffer_.data(), size});
                                 read();
                               });
  }

  void hear(std::string_view bytes) {
    std::string opened;
    if (!started_) return;  // nothing is agreed yet
    if (srtp_) {
      auto plain = srtp_->unprotect(bytes);
      if (!plain) return;
      opened = std::move(*plain);
      bytes = opened;
    }
    auto const packet = decode_rtp(bytes);
    if (!packet) return;
    ++received_;
    if (ear_ && packet->payload_type == pcmu_payload_type) ear_->hear(packet->payload);
    if (eye_ && packet->payload_type == picture_payload_type) eye_->see(*packet);
    bool const known = (ear_ && ear_->recognised()) || (eye_ && eye_->recognised());
    if (known && !std::exchange(recognised_, true)) report();
  }

  void report() {
    auto fields = labels_;
    fields["stream"] = kind_ == StreamKind::audio ? "audio" : "video";
    fields["rx"] = received_;
    fields["tx"] = sent_;
    fields["recognised"] = recognised_;
    fields["secure"] = srtp_.has_value();
    emit_("media", std::move(fields));
  }

  StreamKind kind_;
  json::object labels_;
  EmitEvent emit_;
  udp::socket socket_;
  asio::steady_timer timer_;
  udp::endpoint remote_ = {};
  udp::endpoint from_ = {};
  std::array<char, 2048> buffer_ = {};
  std::optional<SrtpSession> srtp_ = {};
  std::string keys_ = {};
  std::optional<ToneSource> source_ = {};
  std::optional<ToneEar> ear_ = {};
  std::optional<unsigned> heard_tone_ = {};
  std::optional<PictureEye> eye_ = {};
  std::uint32_t seed_ = 0;
  std::uint16_t sequence_ = 1;
  std::uint32_t timestamp_ = 0;
  std::uint32_t synchronisation_ = 0x52564C00;
  unsigned frame_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  bool sends_ = false;
  bool started_ = false;
  bool stopped_ = false;
  bool recognised_ = false;
  std::chrono::steady_clock::time_point next_frame_ = {};
};

class MediaSession final : public MediaPort {
 public:
  MediaSession(LocalMedia local, std::shared_ptr<Stream> audio, std::shared_ptr<Stream> video)
      : local_(std::move(local)), audio_(std::move(audio)), video_(std::move(video)) {}
  ~MediaSession() override {
    audio_->stop();
    if (video_) video_->stop();
  }

  [[nodiscard]] LocalMedia const& local() const override { return local_; }

  void agree(SessionDescription const& ours, SessionDescription const& theirs) override {
    agree(*audio_, StreamKind::audio, ours, theirs);
    if (video_) agree(*video_, StreamKind::video, ours, theirs);
  }

 private:
  static void agree(Stream& stream, StreamKind kind, SessionDescription const& ours, SessionDescription const& theirs) {
    auto const* local = ours.find(kind);
    auto const* remote = theirs.find(kind);
    if (local != nullptr && remote != nullptr) stream.agree(*local, *remote, theirs.address_of(*remote));
  }

  LocalMedia local_;
  std::shared_ptr<Stream> audio_;
  std::shared_ptr<Stream> video_;
};

}  // namespace

std::unique_ptr<MediaPort> open_media_session(asio::any_io_executor executor, MediaSettings const& settings,
                                              MediaWish const& wish, Random& random, EmitEvent emit) {
  error_code error;
  auto const address = asio::ip::make_address(settings.address, error);
  if (error) return nullptr;
  json::object const labels{{"call_uuid", wish.call}, {"peer", wish.peer}};
  auto audio = std::make_shared<Stream>(executor, StreamKind::audio, labels, emit);
  std::shared_ptr<Stream> video;
  if (wish.video) video = std::make_shared<Stream>(executor, StreamKind::video, labels, emit);
  if (!audio->open(address) || (video && !video->open(address))) return nullptr;
  LocalMedia local{.address = settings.address,
                   .audio_port = audio->port(),
                   .tone = tone_of(settings.name, wish.peer_tone),
                   .picture = static_cast<std::uint32_t>(random.number()),
                   .id = random.number() >> 2};
  if (video) local.video_port = video->port();
  if (wish.secure) local.audio_crypto = make_crypto_line(random, 1);
  if (wish.secure && video) local.video_crypto = make_crypto_line(random, 1);
  return std::make_unique<MediaSession>(std::move(local), std::move(audio), std::move(video));
}

}  // namespace reveille::sim::handset
