#include "dispatch/push/record.hpp"

#include "base/packing.hpp"
#include "base/secret.hpp"

namespace reveille::dispatch {
namespace {

using namespace model;

constexpr std::uint64_t record_version = 2;
// Without flags.
constexpr std::uint64_t first_version = 1;

constexpr std::uint64_t withdrawn_flag = 1;
constexpr std::uint64_t shown_early_flag = 2;
// It was asked for by device, and is aimed anew before it is sent.
constexpr std::uint64_t by_device_flag = 4;

void put(Packer& out, PushRequest const& request, bool ended) {
  out.uuid(request.id.value);
  out.text(request.account.value);
  out.uuid(request.instance.value);
  out.choice(request.target.provider);
  out.text(ended ? tail_of(request.target.token) : request.target.token);
  out.text(request.target.topic);
  out.text(request.target.team);
  out.choice(request.target.environment);
  out.choice(request.push_class);
  out.choice(request.channel);
  out.instant(request.expires_at);
  out.text(ended ? "" : request.conversation);
  out.text(request.tracking.value);
  out.text(ended ? "" : request.payload);
  out.text(ended ? "" : request.alert_title);
  out.text(ended ? "" : request.alert_body);
  out.number(request.badge ? 1 + std::uint64_t{*request.badge} : 0);
}

PushRequest get_request(Unpacker& in) {
  PushRequest request;
  request.id = PushId{in.uuid()};
  request.account = AccountId{in.text()};
  request.instance = InstanceId{in.uuid()};
  request.target.provider = in.choice(Provider::webpush);
  request.target.token = in.text();
  request.target.topic = in.text();
  request.target.team = in.text();
  request.target.environment = in.choice(Environment::sandbox);
  request.push_class = in.choice(PushClass::background);
  request.channel = in.choice(ChannelName::message);
  request.expires_at = in.instant();
  request.conversation = in.text();
  request.tracking = TrackingId{in.text()};
  request.payload = in.text();
  request.alert_title = in.text();
  request.alert_body = in.text();
  if (auto const badge = in.number(); badge > 0) request.badge = static_cast<std::uint32_t>(badge - 1);
  return request;
}

void put(Packer& out, PushReceipt const& receipt) {
  out.choice(receipt.state);
  out.number(receipt.provider_status);
  out.text(receipt.reason);
  out.choice(receipt.token);
  out.instant(receipt.dead_since);
  out.instant(receipt.at);
}

PushReceipt get_receipt(Unpacker& in) {
  PushReceipt receipt;
  receipt.state = in.choice(PushState::taken_back);
  receipt.provider_status = static_cast<unsigned>(in.number());
  receipt.reason = in.text();
  receipt.token = in.choice(TokenVerdict::quarantined);
  receipt.dead_since = in.optional_instant();
  receipt.at = in.instant();
  return receipt;
}

void put_life_and_flags(Packer& out, PushRecord const& record) {
  auto const& life = record.life;
  out.number(life.spread);
  out.choice(life.state);
  out.number(life.tries);
  out.number(life.unknown_fates);
  put(out, life.receipt);
  out.number((life.withdrawn ? withdrawn_flag : 0) | (life.shown_early ? shown_early_flag : 0) |
             (record.notification.device.empty() ? 0 : by_device_flag));
}

void get_life_and_flags(Unpacker& in, std::uint64_t version, PushRecord& record) {
  auto& life = record.life;
  life.push_class = record.notification.request.push_class;
  life.expires_at = record.notification.request.expires_at;
  life.spread = static_cast<std::uint8_t>(in.number());
  life.state = in.choice(PushState::taken_back);
  life.tries = static_cast<unsigned>(in.number());
  life.unknown_fates = static_cast<unsigned>(in.number());
  life.receipt = get_receipt(in);
  life.receipt.id = record.notification.request.id;
  auto const flags = version > first_version ? in.number() : 0;
  life.withdrawn = (flags & withdrawn_flag) != 0;
  life.shown_early = (flags & shown_early_flag) != 0;
  if ((flags & by_device_flag) != 0) record.notification.device = record.notification.request.instance;
}

}  // namespace

bool PushRecord::operator==(PushRecord const& other) const {
  return pack(*this) == pack(other);
}

std::string pack(PushRecord const& record) {
  Packer out;
  out.number(record_version);
  out.text(record.notification.tenant.value);
  put(out, record.notification.request, is_end(record.life.state));
  out.text(record.notification.fingerprint);
  out.instant(record.accepted_at);
  put_life_and_flags(out, record);
  out.number(record.milestones.size());
  for (auto const& milestone : record.milestones) {
    out.choice(milestone.name);
    out.instant(milestone.at);
    out.choice(milestone.why);
    out.text(milestone.detail);
  }
  return out.take();
}

Result<PushRecord> unpack_push_record(std::string_view bytes) {
  Unpacker in{bytes};
  auto const version = in.number();
  if (version < first_version || version > record_version)
    return failure(ErrorCode::corrupt, "a notification record of an unknown version");
  PushRecord record;
  record.notification.tenant = TenantId{in.text()};
  record.notification.request = get_request(in);
  record.notification.fingerprint = in.text();
  record.accepted_at = in.instant();
  get_life_and_flags(in, version, record);
  for (auto count = in.count(); count > 0 && !in.failed(); --count) {
    PushMilestone milestone{.name = in.choice(last_milestone), .at = in.instant()};
    milestone.why = in.choice(last_why);
    milestone.detail = in.text();
    record.milestones.push_back(std::move(milestone));
  }
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a notification record does not make sense");
  return record;
}

NotificationView view_of(PushRecord const& record) {
  auto const& request = record.notification.request;
  NotificationView view{.id = request.id,
                        .push_class = request.push_class,
                        .receipt = record.life.receipt,
                        .account = request.account,
                        .instance = request.instance,
                        .tracking = request.tracking,
                        .expires_at = request.expires_at,
                        .milestones = record.milestones};
  view.receipt.id = request.id;
  view.receipt.state = record.life.state;
  return view;
}

}  // namespace reveille::dispatch
