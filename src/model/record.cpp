// The packed form of what is kept per account (device.hpp): one byte of version, then fields in order
// (base/packing.hpp). New fields are appended under a new version.
#include "base/packing.hpp"
#include "model/device.hpp"
#include "model/packed_bindings.hpp"

#include <algorithm>

namespace reveille::model {
namespace {

// 1 had tokens as text, 2 no instance as the client wrote it.
constexpr std::uint8_t registrations_version = 3;
constexpr std::uint8_t oldest_that_can_be_refreshed = 2;
constexpr std::uint8_t verifier_version = 1;

void put(Packer& out, Channel const& channel) {
  out.number(channel.token.empty() ? 0 : 1);
  if (channel.token.empty()) return;
  out.hex(channel.token);
  out.instant(channel.since);
  out.instant(channel.dead_since);
  out.instant(channel.quarantined_until);
}

Channel get_channel(Unpacker& in, std::uint64_t version) {
  Channel channel;
  if (version == 1) {
    auto const token = in.view();
    if (token.empty()) return {};
    channel.token = in.kept(token);
  } else {
    if (in.number() == 0) return {};
    channel.token = in.hex();
  }
  channel.since = in.instant();
  channel.dead_since = in.optional_instant();
  channel.quarantined_until = in.optional_instant();
  return channel;
}

// What refreshes change in place (packed_bindings.hpp) has room to grow.
void put_changing(Packer& out, Instant at) {
  out.number(static_cast<std::uint64_t>(unix_microseconds(at)), packed_instant);
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
  put_changing(out, device.seen_at);
  out.uuid(device.last_push.id);
  out.instant(device.last_push.at);
  out.text(device.last_push.outcome);
}

Device get_device(Unpacker& in, std::uint64_t version, std::size_t& seen_at) {
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
  device.voip = get_channel(in, version);
  device.message = get_channel(in, version);
  auto const flags = in.number();
  device.services = {.call = (flags & 1) != 0, .im = (flags & 2) != 0};
  device.away_in_background = (flags & 4) != 0;
  device.content_key.kid = in.text();
  device.content_key.key = in.text();
  device.reported_mode = in.choice(Mode::background);
  device.mode_since = in.optional_instant();
  seen_at = in.position();
  device.seen_at = in.instant();
  device.last_push.id = in.uuid();
  device.last_push.at = in.instant();
  device.last_push.outcome = in.text();
  return device;
}

// Behind q, which has 10 bits, how the instance was written, so that the usual way takes no byte.
enum class Written : std::uint8_t { as_uuid, not_at_all, otherwise };
constexpr unsigned q_bits = 10;

Written way_of(Binding const& binding) {
  if (!binding.written_instance) return Written::as_uuid;
  return binding.written_instance->empty() ? Written::not_at_all : Written::otherwise;
}

void put(Packer& out, Binding const& binding) {
  out.text(binding.contact);
  out.text(binding.call_id);
  out.number(binding.cseq, packed_word);
  put_changing(out, binding.expires_at);
  put_changing(out, binding.stored_until);
  auto const written = way_of(binding);
  out.number(binding.q_thousandths | static_cast<unsigned>(written) << q_bits);
  out.uuid(binding.instance.value);
  if (written == Written::otherwise) out.text(*binding.written_instance);
  out.number(binding.reg_id);
  out.number(binding.path.size());
  for (auto const& hop : binding.path) out.text(hop);
  out.text(binding.user_agent);
  out.text(binding.remote);
}

// The fields before the path, as views.
PackedBinding view_binding(Unpacker& in) {
  PackedBinding binding;
  binding.contact = in.view();
  binding.call_id = in.view();
  binding.cseq_place = in.position();
  binding.cseq = static_cast<std::uint32_t>(in.number());
  binding.expires_place = in.position();
  binding.expires_at = in.instant();
  binding.stored_place = in.position();
  binding.stored_until = in.instant();
  auto const q_and_written = in.number();
  binding.q_thousandths = static_cast<std::uint16_t>(q_and_written & ((1U << q_bits) - 1));
  binding.instance = in.uuid_view();
  if (auto const written = static_cast<Written>(q_and_written >> q_bits); written != Written::as_uuid)
    binding.written_instance = written == Written::otherwise ? in.view() : std::string_view{};
  binding.reg_id = static_cast<std::uint32_t>(in.number());
  return binding;
}

Binding get_binding(Unpacker& in) {
  auto const view = view_binding(in);
  Binding binding{.contact = std::string(view.contact),
                  .call_id = std::string(view.call_id),
                  .cseq = view.cseq,
                  .expires_at = view.expires_at,
                  .stored_until = view.stored_until,
                  .q_thousandths = view.q_thousandths,
                  .reg_id = view.reg_id};
  if (view.written_instance) binding.written_instance = in.kept(*view.written_instance);
  view.instance.append_to(binding.instance.value);
  for (auto hops = in.count(); hops > 0 && !in.failed(); --hops) binding.path.push_back(in.text());
  binding.user_agent = in.text();
  binding.remote = in.text();
  return binding;
}

void skip_rest_of_binding(Unpacker& in) {
  for (auto hops = in.count(); hops > 0 && !in.failed(); --hops) (void)in.view();
  (void)in.view();
  (void)in.view();
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
  auto const version = in.number();
  if (version == 0 || version > registrations_version)
    return failure(ErrorCode::corrupt, "a device record of an unknown version");
  std::size_t seen_at = 0;
  for (auto count = in.count(); count > 0 && !in.failed(); --count)
    registrations.devices.push_back(get_device(in, version, seen_at));
  for (auto count = in.count(); count > 0 && !in.failed(); --count) registrations.bindings.push_back(get_binding(in));
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a device record does not make sense");
  return registrations;
}

std::optional<RefreshPlaces> refresh_places(std::string_view packed, Registrations const& unpacked,
                                            std::string_view contact, InstanceId const& instance) {
  auto const& [devices, bindings] = unpacked;
  auto const binding = std::ranges::find_if(
      bindings, [&](auto const& one) { return one.contact == contact && one.instance == instance; });
  if (binding == bindings.end()) return {};
  auto const device = std::ranges::find(devices, instance, &Device::instance);
  Unpacker in{packed, Unpacker::Texts::skipped};
  auto const version = in.number();
  if (version < oldest_that_can_be_refreshed || version > registrations_version || in.count() != devices.size())
    return {};
  RefreshPlaces places{.binding = static_cast<std::uint16_t>(binding - bindings.begin())};
  for (auto at = devices.begin(); at != devices.end(); ++at) {
    std::size_t seen_at = 0;
    (void)get_device(in, version, seen_at);
    if (at == device) places.seen_at = static_cast<std::uint32_t>(seen_at);
  }
  places.bindings = static_cast<std::uint32_t>(in.position());
  return in.failed() ? std::nullopt : std::optional(places);
}

PackedBindings::PackedBindings(std::string_view packed, RefreshPlaces const& places)
    : from_(std::min<std::size_t>(places.bindings, packed.size())), in_(packed.substr(from_)), left_(in_.count()) {}

std::optional<PackedBinding> PackedBindings::next() {
  if (left_ == 0) return {};
  --left_;
  auto binding = view_binding(in_);
  skip_rest_of_binding(in_);
  binding.cseq_place += from_;
  binding.expires_place += from_;
  binding.stored_place += from_;
  return in_.failed() ? std::nullopt : std::optional(binding);
}

bool refresh(std::span<char> packed, RefreshPlaces const& places, PackedBinding const& binding,
             RefreshedNumbers const& numbers) {
  auto const put_instant = [packed](std::size_t place, Instant at) {
    return overwrite_number(packed, place, packed_instant, static_cast<std::uint64_t>(unix_microseconds(at)));
  };
  return put_instant(binding.stored_place, numbers.stored_until) &&
         put_instant(binding.expires_place, numbers.expires_at) &&
         (places.seen_at == 0 || put_instant(places.seen_at, numbers.seen_at)) &&
         overwrite_number(packed, binding.cseq_place, packed_word, numbers.cseq);
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

DigestKeys digest_keys_in(std::string_view packed_verifier) {
  Unpacker in{packed_verifier};
  if (in.number() != verifier_version) return {};
  DigestKeys const keys{.md5 = in.view(), .sha256 = in.view()};
  return in.failed() ? DigestKeys{} : keys;
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
