// RTP and SRTP over UDP.
#include "sim/handset/media_session.hpp"

#include "sim/handset/media_terms.hpp"
#include "sim/handset/rtp.hpp"
#include "sim/handset/srtp.hpp"

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

// What the user at this end plays, and what he should hear.
struct Program {
  unsigned tone = lowest_tone;
  unsigned peer_tone = 0;
  std::uint32_t seed = 0;  // of the pictures
};

// Whether either end may send: not while held, nor to the address of the old form of hold (RFC 3264 section 8.4).
bool may_send(sdp::AgreedStream const& terms, asio::ip::address const& remote) {
  return !remote.is_unspecified() &&
         (terms.direction == sdp::Direction::sendrecv || terms.direction == sdp::Direction::sendonly);
}

// One stream, audio or video. Held by its operations under way; deaf and dumb after stop().
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(asio::any_io_executor const& executor, sdp::MediaKind kind, json::object labels, EmitEvent emit,
         std::uint32_t synchronisation)
      : kind_(kind),
        labels_(std::move(labels)),
        emit_(std::move(emit)),
        socket_(executor),
        timer_(executor),
        synchronisation_(synchronisation) {}

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

  void agree(sdp::AgreedStream const& terms, Program const& program) {
    error_code error;
    auto const host = asio::ip::make_address(terms.remote.address, error);
    if (error || !agree_on_keys(terms)) return;
    remote_ = {host, terms.remote_port};
    sends_ = may_send(terms, host);
    if (!reception_ || terms.receive_payload != terms_.receive_payload) reception_.emplace(terms.receive_payload);
    terms_ = terms;
    program_ = program;
    if (!source_) source_.emplace(program.tone);
    if (!ear_) ear_.emplace(program.peer_tone);
    if (!eye_) eye_.emplace(program.seed);
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
  // False where keys are due and are none: nothing is sent in the clear instead.
  [[nodiscard]] bool agree_on_keys(sdp::AgreedStream const& terms) {
    if (!terms.local_crypto) return true;
    bool const known =
        srtp_ && terms.local_crypto == terms_.local_crypto && terms.remote_crypto == terms_.remote_crypto;
    if (known) return true;
    auto session = SrtpSession::make(terms.local_crypto->key, terms.remote_crypto->key);
    if (session) srtp_.emplace(std::move(*session));
    return session.has_value();
  }

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
    if (kind_ == sdp::MediaKind::audio) {
      send(source_->next_frame());
      timestamp_ += samples_per_frame;
    } else if (frame_++ % frames_per_picture == 0) {
      send(picture_of(program_.seed, sequence_));
      timestamp_ += picture_ticks;
    }
  }

  void send(std::string_view payload) {
    auto bytes = encode_rtp({.payload_type = terms_.send.payload_type,
                             .sequence = sequence_,
                             .timestamp = timestamp_,
                             .source = synchronisation_,
                             .payload = payload});
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
    bool const had_source = reception_->source().has_value();
    if (!reception_->take(*packet)) return;
    if (kind_ == sdp::MediaKind::audio)
      ear_->hear(packet->payload);
    else
      eye_->see(*packet);
    bool const known = ear_->recognised() || eye_->recognised();
    bool const newly_known = known && !std::exchange(recognised_, true);
    if (newly_known || !had_source) report();
  }

  void report() {
    auto fields = labels_;
    fields["stream"] = kind_ == sdp::MediaKind::audio ? "audio" : "video";
    fields["codec"] = terms_.send.encoding;
    fields["payload_type"] = terms_.receive_payload;
    fields["rx"] = reception_->received();
    fields["lost"] = reception_->lost();
    if (auto const source = reception_->source()) fields["ssrc"] = *source;
    fields["tx"] = sent_;
    fields["recognised"] = recognised_;
    fields["secure"] = srtp_.has_value();
    emit_("media", std::move(fields));
  }

  sdp::MediaKind kind_;
  json::object labels_;
  EmitEvent emit_;
  udp::socket socket_;
  asio::steady_timer timer_;
  udp::endpoint remote_ = {};
  udp::endpoint from_ = {};
  std::array<char, 2048> buffer_ = {};
  std::optional<SrtpSession> srtp_ = {};
  sdp::AgreedStream terms_ = {};
  Program program_ = {};
  std::optional<RtpReception> reception_ = {};
  std::optional<ToneSource> source_ = {};
  std::optional<ToneEar> ear_ = {};
  std::optional<PictureEye> eye_ = {};
  std::uint16_t sequence_ = 1;
  std::uint32_t timestamp_ = 0;
  std::uint32_t synchronisation_;
  unsigned frame_ = 0;
  std::uint64_t sent_ = 0;
  bool sends_ = false;
  bool started_ = false;
  bool stopped_ = false;
  bool recognised_ = false;
  std::chrono::steady_clock::time_point next_frame_ = {};
};

class MediaSession final : public MediaPort {
 public:
  MediaSession(sdp::LocalMedia local, Program program, MediaWish wish, std::shared_ptr<Stream> audio,
               std::shared_ptr<Stream> video)
      : local_(std::move(local)),
        program_(program),
        wish_(std::move(wish)),
        audio_(std::move(audio)),
        video_(std::move(video)) {}
  ~MediaSession() override {
    audio_->stop();
    if (video_) video_->stop();
  }

  [[nodiscard]] sdp::LocalMedia const& local() const override { return local_; }

  void agree(sdp::Session const& ours, sdp::Session const& theirs) override {
    // Where the peer does not say, his address does: whoever answers avoids the tone of whoever offered.
    auto const by_address = wish_.peer_tone != 0 ? wish_.peer_tone : tone_of(wish_.peer, program_.tone);
    program_.peer_tone = tone_in(theirs).value_or(by_address);
    for (auto const& terms : sdp::agreed(ours, theirs)) {
      if (terms.kind == sdp::MediaKind::audio) audio_->agree(terms, program_);
      if (terms.kind == sdp::MediaKind::video && video_) video_->agree(terms, program_);
    }
  }

 private:
  sdp::LocalMedia local_;
  Program program_;
  MediaWish wish_;
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
  auto const stream = [&](sdp::MediaKind kind) {
    return std::make_shared<Stream>(executor, kind, labels, emit, static_cast<std::uint32_t>(random.number()));
  };
  auto audio = stream(sdp::MediaKind::audio);
  std::shared_ptr<Stream> video;
  if (wish.video) video = stream(sdp::MediaKind::video);
  if (!audio->open(address) || (video && !video->open(address))) return nullptr;
  Program const program{.tone = tone_of(settings.name, wish.peer_tone),
                        .seed = static_cast<std::uint32_t>(random.number())};
  sdp::Connection const connection{.kind = address.is_v6() ? sdp::AddressKind::ipv6 : sdp::AddressKind::ipv4,
                                   .address = settings.address};
  sdp::LocalMedia local{.origin = {.session_id = random.number() >> 2, .version = 1, .connection = connection},
                        .connection = connection,
                        .security = wish.security,
                        .streams = {audio_stream(audio->port(), program.tone)}};
  if (video) local.streams.push_back(video_stream(video->port()));
  for (auto& each : local.streams) each.key = make_srtp_key(random);
  return std::make_unique<MediaSession>(std::move(local), program, wish, std::move(audio), std::move(video));
}

}  // namespace reveille::sim::handset
