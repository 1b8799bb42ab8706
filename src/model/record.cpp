// The packed form of what is kept per account (device.hpp): one byte of version, then fields in order
// (base/packing.hpp). New fields are appended under a new version.
#include "base/packing.hpp"
#include "model/device.hpp"

namespace reveille::model {
namespace {

constexpr std::uint8_t registrations_version = 1;
constexpr std::uint8_t verifier_version = 1;

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
