// The words of device.hpp's enumerations, as interfaces outside spell them.
#include "model/device.hpp"
#include "model/named.hpp"

#include <utility>

namespace reveille::model {

std::string_view name_of(Platform platform) {
  using enum Platform;
  switch (platform) {
    case other: return "other";
    case ios: return "ios";
    case android: return "android";
  }
  std::unreachable();
}

std::string_view name_of(Provider provider) {
  using enum Provider;
  switch (provider) {
    case none: return "none";
    case apns: return "apns";
    case fcm: return "fcm";
    case webpush: return "webpush";
  }
  std::unreachable();
}

std::string_view name_of(Environment environment) {
  using enum Environment;
  switch (environment) {
    case production: return "production";
    case sandbox: return "sandbox";
  }
  std::unreachable();
}

std::string_view name_of(ChannelLayout layout) {
  using enum ChannelLayout;
  switch (layout) {
    case split: return "split";
    case shared: return "shared";
  }
  std::unreachable();
}

std::string_view name_of(ChannelName channel) {
  using enum ChannelName;
  switch (channel) {
    case voip: return "voip";
    case message: return "message";
  }
  std::unreachable();
}

std::string_view name_of(Mode mode) {
  using enum Mode;
  switch (mode) {
    case foreground: return "foreground";
    case background: return "background";
  }
  std::unreachable();
}

std::string_view name_of(DeviceState state) {
  using enum DeviceState;
  switch (state) {
    case foreground: return "foreground";
    case background: return "background";
    case suspended: return "suspended";
    case signed_out: return "signed_out";
  }
  std::unreachable();
}

std::optional<Platform> platform_named(std::string_view name) {
  using enum Platform;
  return named({other, ios, android}, name);
}

std::optional<Provider> provider_named(std::string_view name) {
  using enum Provider;
  return named({none, apns, fcm, webpush}, name);
}

std::optional<Environment> environment_named(std::string_view name) {
  using enum Environment;
  return named({production, sandbox}, name);
}

std::optional<ChannelLayout> layout_named(std::string_view name) {
  using enum ChannelLayout;
  return named({split, shared}, name);
}

std::optional<Mode> mode_named(std::string_view name) {
  using enum Mode;
  return named({foreground, background}, name);
}

}  // namespace reveille::model
