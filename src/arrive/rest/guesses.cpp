#include "arrive/rest/guesses.hpp"

#include "edge/subscriber.hpp"

#include <algorithm>
#include <string>

namespace reveille::arrive {
namespace {

// What a source is counted by.
std::string place_of(std::string_view source) {
  auto const colon = source.rfind(':');
  auto host = source.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  auto const address = boost::asio::ip::make_address(host, error);
  return error ? std::string(host) : edge::subscriber_of(address).to_string();
}

}  // namespace

Guesses::Key Guesses::key_of(std::string_view source, std::string_view account) const {
  return SeededHash{hash_(place_of(source))}(account);
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
