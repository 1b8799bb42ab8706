// The phones of the measurements: what the database is seeded with and what a phone then says of itself are the same.
#pragma once

#include <string>

namespace reveille::bench {

inline std::string padded(int number, int width) {
  std::string const digits = std::to_string(number);
  return std::string(static_cast<std::size_t>(width) - digits.size(), '0') + digits;
}

struct Tokens {
  std::string voip = {};
  std::string message = {};
};

inline Tokens made_up_tokens(int index) {
  std::string const tail = "fc13adff7855c2c4a1e9d6b3f08277f00dfeed12345678deadbeef" + padded(index, 8);
  return {.voip = "00" + tail, .message = "11" + tail};
}

inline std::string uuid_of(int index) {
  return "00000000-0000-4000-8000-" + padded(index, 12);
}

inline constexpr auto team = "TEAM012345";
inline constexpr auto user_agent = "ExamplePhone/3.2 (iOS 18.0)";

// `address`: "192.0.2.1:49822;transport=tls".
inline std::string contact_uri(int index, std::string const& address, std::string const& its_team,
                               Tokens const& tokens) {
  return "sip:u" + std::to_string(index) + "@" + address + ";pn-provider=apns;pn-param=" + its_team +
         ".org.example.phone.voip&remote;pn-prid=" + tokens.voip + ":voip&" + tokens.message + ":remote";
}

}  // namespace reveille::bench
