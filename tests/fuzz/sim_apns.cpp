#include "sim/apple/notification.hpp"
#include "sim/apple/provider_token.hpp"

using namespace reveille;

// The provider's token, the path, the topic, the push type and the payload of a request, a line each.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<char const*>(data), size);
  auto const line = [&rest] {
    auto const text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    return std::string(text);
  };
  (void)sim::apple::check_provider_token(line(), {}, {}, {});
  edge::HttpRequest request{.method = "POST", .path = line()};
  request.headers = {{"apns-topic", line()}, {"apns-push-type", line()}};
  request.body = rest;
  if (auto const token = sim::apple::token_in_path(request)) (void)sim::apple::read_notification(request, *token);
  return 0;
}
