#include "base/instant.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

namespace reveille {
namespace {

namespace chrono = std::chrono;

// Reads exactly `count` digits at the front of `text` and takes them off.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return {};
  int value = 0;
  for (char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Duration> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return Duration{0};
  std::int64_t micros = 0;
  std::int64_t scale = 100'000;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
    micros += (text.front() - '0') * scale;
    scale /= 10;
  }
  if (digits == 0) return {};
  return Duration{micros};
}

std::optional<Duration> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return Duration{0};
  bool const west = !text.empty() && text.front() == '-';
  if (!west && (text.empty() || text.front() != '+')) return {};
  text.remove_prefix(1);
  auto hours = take_digits(text, 2);
  if (!hours || !take(text, ':')) return {};
  auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return {};
  Duration const offset = chrono::hours{*hours} + chrono::minutes{*minutes};
  return west ? -offset : offset;
}

}  // namespace

std::string format_rfc3339(Instant at) {
  auto const since = chrono::floor<chrono::milliseconds>(at.time_since_epoch());
  auto const days = chrono::floor<chrono::days>(since);
  chrono::year_month_day const date{chrono::sys_days{days}};
  chrono::hh_mm_ss const time{since - days};
  char text[40];
  int const size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int{date.year()},
                                 unsigned{date.month()}, unsigned{date.day()}, static_cast<int>(time.hours().count()),
                                 static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                                 static_cast<int>(time.subseconds().count()));
  return std::string(text, static_cast<std::size_t>(size));
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return {};
  auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return {};
  auto day = take_digits(text, 2);
  if (!day || !(take(text, 'T') || take(text, 't'))) return {};
  auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return {};
  auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return {};
  auto second = take_digits(text, 2);
  if (!second) return {};
  auto fraction = take_fraction(text);
  if (!fraction) return {};
  auto offset = take_offset(text);
  if (!offset || !text.empty()) return {};

  chrono::year_month_day const date{chrono::year{*year}, chrono::month{static_cast<unsigned>(*month)},
                                    chrono::day{static_cast<unsigned>(*day)}};
  // A leap second (60) is allowed by the RFC and read as the next second.
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return {};
  Duration const since = chrono::sys_days{date}.time_since_epoch();
  return Instant{since + chrono::hours{*hour} + chrono::minutes{*minute} + chrono::seconds{*second} + *fraction -
                 *offset};
}

namespace {

Duration steady_now() {
  return chrono::duration_cast<Duration>(chrono::steady_clock::now().time_since_epoch());
}

struct Reading {
  Duration lead = {};
  Duration doubt = Duration::max();
};

Reading read_clocks() {
  auto const before = steady_now();
  auto const wall = chrono::duration_cast<Duration>(chrono::system_clock::now().time_since_epoch());
  auto const doubt = steady_now() - before;
  return {.lead = wall - before - doubt / 2, .doubt = doubt};
}

// What interrupts us between two clocks is in no reading: it would stay until the next one.
Duration wall_lead() {
  Reading best;
  for (int i = 0; i < 10 && best.doubt > 20us; ++i)
    if (auto const next = read_clocks(); next.doubt < best.doubt) best = next;
  return best.lead;
}

}  // namespace

Duration followed(Duration lead, Duration measured, Duration passed) {
  return std::max(measured, lead - passed / 10);
}

SystemClock::SystemClock() : lead_(wall_lead()), latest_(Duration{}), followed_at_(steady_now()) {}

Instant SystemClock::now() const {
  auto const said = steady_now() + lead_.load(std::memory_order_relaxed);
  auto latest = latest_.load(std::memory_order_relaxed);
  while (latest < said && !latest_.compare_exchange_weak(latest, said, std::memory_order_relaxed)) continue;
  return Instant{std::max(latest, said)};
}

Duration SystemClock::follow() {
  auto const steady = steady_now();
  auto const measured = wall_lead();
  auto const before = lead_.load(std::memory_order_relaxed);
  // Who was not called for long does not stand still for long.
  auto const passed = std::min<Duration>(steady - std::exchange(followed_at_, steady), 1s);
  auto const lead = followed(before, measured, passed);
  lead_.store(lead, std::memory_order_relaxed);
  return lead > before ? lead - before : measured - lead;
}

}  // namespace reveille
