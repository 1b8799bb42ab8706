// The packed form of what is kept per account (device.hpp). One byte of version, then fields in order: integers
// little-endian with seven bits a byte (LEB128), texts with their length before them. A UUID is kept as 16 bytes. New
// fields are appended under a new version.
#include "base/encoding.hpp"
#include "base/random.hpp"
#include "model/device.hpp"

#include <cstring>

namespace reveille::model {
namespace {

constexpr std::uint8_t registrations_version = 1;
constexpr std::uint8_t verifier_version = 1;
constexpr std::size_t most_entries = 1000;

class Packer {
 public:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  void instant(Instant at) { number(static_cast<std::uint64_t>(unix_microseconds(at))); }
  void instant(std::optional<Instant> at) { instant(at.value_or(Instant{})); }
  // A UUID as 16 bytes; anything else as it stands, which is never 16 long without being told apart by the first byte.
  void uuid(std::string_view value) {
    std::string digits;
    if (is_uuid(value))
      for (char c : value)
        if (c != '-') digits += c;
    auto const raw = decode_hex(digits);
    bool const packed = raw && raw->size() == 16 && encode_hex(*raw) == digits;
    number(packed ? 1 : 0);
    if (packed)
      bytes_ += *raw;
    else
      text(value);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      auto const byte = static_cast<std::uint8_t>(take(1).empty() ? 0 : last_);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  std::string text() { return std::string(take(number())); }
  Instant instant() { return from_unix_microseconds(static_cast<std::int64_t>(number())); }
  std::optional<Instant> optional_instant() {
    Instant const at = instant();
    return at == Instant{} ? std::nullopt : std::optional(at);
  }
  std::string uuid() {
    if (number() == 0) return text();
    auto const raw = take(16);
    if (raw.size() != 16) return {};
    std::string const d = encode_hex(raw);
    return d.substr(0, 8) + '-' + d.substr(8, 4) + '-' + d.substr(12, 4) + '-' + d.substr(16, 4) + '-' + d.substr(20);
  }
  template <class Enum>
  Enum choice(Enum last) {
    auto const value = number();
    if (value > static_cast<std::uint64_t>(last)) failed_ = true;
    return static_cast<Enum>(value);
  }
  std::size_t count() {
    auto const value = number();
    if (value > most_entries) failed_ = true;
    return failed_ ? 0 : static_cast<std::size_t>(value);
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view take(std::uint64_t size) {
    if (failed_ || size > bytes_.size()) {
      failed_ = true;
      return {};
    }
    auto const taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    if (!taken.empty()) last_ = taken.back();
    return taken;
  }

  std::string_view bytes_;
  char last_ = 0;
  bool failed_ = false;
};

void put(Packer& out, Channel const& channel) {
  out.text(channel.token);
  if (channel.token.empty()) return;
  out.instant(channel.since);
  out.instant(channel.dead_since);
  out.instant(channel.quarantined_until);
}

Channel get_channel(Unpacker& in) {
  Channel channel{.token = in.text()};
  if (channel.token.empty()) return channel;
  channel.since = in.instant();
  channel.dead_since = in.optional_instant();
  channel.quarantined_until = in.optional_instant();
  return channel;
}

void put(Packer& out, Device const& device) {
  out.uuid(device.instance.value);
  out.text(device.app);
  out.number(static_cast<unsigned>(device.platform));
  out.text(device.os_version);
  out.number(static_cast<unsigned>(device.provider));
  out.number(static_cast<unsigned>(device.environment));
  out.text(device.team);
  out.text(device.project);
  out.number(static_cast<unsigned>(device.layout));
  put(out, device.voip);
  put(out, device.message);
  out.number((device.services.call ? 1U : 0U) | (device.services.im ? 2U : 0U) | (device.away_in_background ? 4U : 0U));
  out.text(device.content_key.kid);
  out.text(device.content_key.key);
  out.number(static_cast<unsigned>(device.reported_mode));
  out.instant(device.mode_since);
  out.instant(device.seen_at);
  out.uuid(device.last_push.id);
  out.instant(device.last_push.at);
  out.text(device.last_push.outcome);
}

Device get_device(Unpacker& in) {
  Device device;
  device.instance = InstanceId{in.uuid()};
  device.app = in.text();
  device.platform = in.choice(Platform::android);
  device.os_version = in.text();
  device.provider = in.choice(Provider::webpush);
  device.environment = in.choice(Environment::sandbox);
  device.team = in.text();
  device.project = in.text();
  device.layout = in.choice(ChannelLayout::shared);
  device.voip = get_channel(in);
  device.message = get_channel(in);
  auto const flags = in.number();
  device.services = {.call = (flags & 1) != 0, .im = (flags & 2) != 0};
  device.away_in_background = (flags & 4) != 0;
  device.content_key.kid = in.text();
  device.content_key.key = in.text();
  device.reported_mode = in.choice(Mode::background);
  device.mode_since = in.optional_instant();
  device.seen_at = in.instant();
  device.last_push.id = in.uuid();
  device.last_push.at = in.instant();
  device.last_push.outcome = in.text();
  return device;
}

void put(Packer& out, Binding const& binding) {
  out.text(binding.contact);
  out.text(binding.call_id);
  out.number(binding.cseq);
  out.instant(binding.expires_at);
  out.instant(binding.stored_until);
  out.number(binding.q_thousandths);
  out.uuid(binding.instance.value);
  out.number(binding.reg_id);
  out.number(binding.path.size());
  for (auto const& hop : binding.path) out.text(hop);
  out.text(binding.user_agent);
  out.text(binding.remote);
}

Binding get_binding(Unpacker& in) {
  Binding binding;
  binding.contact = in.text();
  binding.call_id = in.text();
  binding.cseq = static_cast<std::uint32_t>(in.number());
  binding.expires_at = in.instant();
  binding.stored_until = in.instant();
  binding.q_thousandths = static_cast<std::uint16_t>(in.number());
  binding.instance = InstanceId{in.uuid()};
  binding.reg_id = static_cast<std::uint32_t>(in.number());
  for (auto hops = in.count(); hops > 0 && !in.failed(); --hops) binding.path.push_back(in.text());
  binding.user_agent = in.text();
  binding.remote = in.text();
  return binding;
}

void put(Packer& out, ScramKeys const& keys) {
  out.text(keys.salt);
  out.number(keys.iterations);
  out.text(keys.stored_key);
  out.text(keys.server_key);
}

ScramKeys get_scram(Unpacker& in) {
  ScramKeys keys;
  keys.salt = in.text();
  keys.iterations = static_cast<std::uint32_t>(in.number());
  keys.stored_key = in.text();
  keys.server_key = in.text();
  return keys;
}

}  // namespace

std::string pack(Registrations const& registrations) {
  Packer out;
  out.number(registrations_version);
  out.number(registrations.devices.size());
  for (auto const& device : registrations.devices) put(out, device);
  out.number(registrations.bindings.size());
  for (auto const& binding : registrations.bindings) put(out, binding);
  return out.take();
}

Result<Registrations> unpack_registrations(std::string_view bytes) {
  Unpacker in{bytes};
  Registrations registrations;
  if (in.number() != registrations_version) return failure(ErrorCode::corrupt, "a device record of an unknown version");
  for (auto count = in.count(); count > 0 && !in.failed(); --count) registrations.devices.push_back(get_device(in));
  for (auto count = in.count(); count > 0 && !in.failed(); --count) registrations.bindings.push_back(get_binding(in));
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a device record does not make sense");
  return registrations;
}

std::string pack(Verifier const& verifier) {
  Packer out;
  out.number(verifier_version);
  out.text(verifier.ha1_md5);
  out.text(verifier.ha1_sha256);
  put(out, verifier.scram_sha1);
  put(out, verifier.scram_sha256);
  return out.take();
}

Result<Verifier> unpack_verifier(std::string_view bytes) {
  Unpacker in{bytes};
  if (in.number() != verifier_version) return failure(ErrorCode::corrupt, "a password record of an unknown version");
  Verifier verifier{
      .ha1_md5 = in.text(), .ha1_sha256 = in.text(), .scram_sha1 = get_scram(in), .scram_sha256 = get_scram(in)};
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a password record does not make sense");
  return verifier;
}

}  // namespace reveille::model
