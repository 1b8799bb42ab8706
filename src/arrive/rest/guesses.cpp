#include "arrive/rest/guesses.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <string>

namespace reveille::arrive {
namespace {

constexpr std::size_t bytes_of_subscriber = 8;  // RFC 6177: a /64 is one subscriber

std::string subscriber_of(std::string_view source) {
  auto const colon = source.rfind(':');
  auto host = source.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  auto const address = boost::asio::ip::make_address(host, error);
  if (error || !address.is_v6() || address.to_v6().is_v4_mapped()) return std::string(host);
  auto const bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + bytes_of_subscriber};
}

}  // namespace

Guesses::Key Guesses::key_of(std::string_view source, std::string_view account) const {
  return SeededHash{hash_(subscriber_of(source))}(account);
}

std::optional<Instant> Guesses::locked_until(std::string_view source, std::string_view account, Instant now) {
  auto const found = wrong_.find(key_of(source, account));
  if (found == wrong_.end() || found->second.times < most) return {};
  auto const until = found->second.first + within;
  return until > now ? std::optional(until) : std::nullopt;
}

void Guesses::count(std::string_view source, std::string_view account, Instant now) {
  forget_old(now);
  auto const key = key_of(source, account);
  auto const [at, is_new] = wrong_.try_emplace(key, Wrong{.first = now});
  ++at->second.times;
  if (is_new) oldest_.push_back(key);
}

void Guesses::forget_old(Instant now) {
  while (!oldest_.empty()) {
    auto const found = wrong_.find(oldest_.front());
    if (wrong_.size() < most_watched && now - found->second.first < within) return;
    wrong_.erase(found);
    oldest_.pop_front();
  }
}

}  // namespace reveille::arrive
