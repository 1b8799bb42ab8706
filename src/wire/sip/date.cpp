#include "wire/sip/date.hpp"

#include "wire/sip/syntax.hpp"

#include <algorithm>
#include <array>

namespace reveille::sip {
namespace {

constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// "Sat, 13 Nov 2010 23:29:00 GMT"
constexpr std::size_t date_size = 29;

void append_padded(std::string& out, int value, std::size_t width) {
  auto const text = std::to_string(value);
  out.append(width - std::min(width, text.size()), '0') += text;
}

std::optional<int> digits(std::string_view text) {
  auto const number = parse_number(text);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

}  // namespace

std::string format_date(Instant at) {
  auto const seconds = std::chrono::sys_seconds(std::chrono::seconds(unix_seconds(at)));
  auto const day = std::chrono::floor<std::chrono::days>(seconds);
  std::chrono::year_month_day const date(day);
  std::chrono::hh_mm_ss const time(seconds - day);
  std::string out(days[std::chrono::weekday(day).c_encoding()]);
  out += ", ";
  append_padded(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  ((out += ' ') += months[static_cast<unsigned>(date.month()) - 1]) += ' ';
  append_padded(out, static_cast<int>(date.year()), 4);
  out += ' ';
  append_padded(out, static_cast<int>(time.hours().count()), 2);
  out += ':';
  append_padded(out, static_cast<int>(time.minutes().count()), 2);
  out += ':';
  append_padded(out, static_cast<int>(time.seconds().count()), 2);
  return out += " GMT";
}

std::optional<Instant> parse_date(std::string_view text) {
  text = trim(text);
  if (text.size() != date_size || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return {};
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return {};
  auto const weekday = std::ranges::find(days, text.substr(0, 3));
  auto const month = std::ranges::find(months, text.substr(8, 3));
  auto const day = digits(text.substr(5, 2)), year = digits(text.substr(12, 4));
  auto const hour = digits(text.substr(17, 2)), minute = digits(text.substr(20, 2)),
             second = digits(text.substr(23, 2));
  if (weekday == days.end() || month == months.end() || !day || !year || !hour || !minute || !second) return {};
  if (*hour > 23 || *minute > 59 || *second > 60) return {};
  auto const date = std::chrono::year(*year) / std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1) /
                    std::chrono::day(static_cast<unsigned>(*day));
  if (!date.ok()) return {};
  auto const days_since = std::chrono::sys_days(date).time_since_epoch();
  return from_unix_seconds(std::chrono::seconds(days_since).count() + *hour * 3600 + *minute * 60 + *second);
}

}  // namespace reveille::sip
