// Phones that come to life and go to sleep again: each registers over TCP, is answered, and loses its connection.
//
// usage: bench_waking_load PORT DOMAIN PASSWORD PHONES AT_ONCE. Users u0 … u(PHONES−1) with the phones that bench_seed
// gives them, AT_ONCE of them connected at a time, from 127.0.0.2 onwards since a server bears only so many connections
// of one address. Prints {"ok":…,"seconds":…}.
#include "base/encoding.hpp"
#include "bench/phone.hpp"
#include "wire/crypto/digest.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using std::string;
using std::string_view;

constexpr int phones_of_an_address = 1000;

struct Load {
  int port = 0;
  string domain = {};
  string password = {};
};

struct Phone {
  int index = 0;
  int socket = -1;
  string address = {};  // its own, for Contact
};

string md5_hex(string_view text) {
  return reveille::encode_hex(reveille::crypto::md5(text));
}

sockaddr_in loopback(std::uint32_t last, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl((127U << 24) + last);
  return address;
}

bool connect(Load const& load, Phone& phone) {
  auto here = loopback(static_cast<std::uint32_t>(2 + phone.index / phones_of_an_address), 0);
  auto const there = loopback(1, load.port);
  phone.socket = ::socket(AF_INET, SOCK_STREAM, 0);
  timeval const patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(phone.socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::bind(phone.socket, reinterpret_cast<sockaddr const*>(&here), sizeof here) != 0) return false;
  if (::connect(phone.socket, reinterpret_cast<sockaddr const*>(&there), sizeof there) != 0) return false;
  socklen_t size = sizeof here;
  ::getsockname(phone.socket, reinterpret_cast<sockaddr*>(&here), &size);
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &here.sin_addr, text, sizeof text);
  phone.address = string(text) + ':' + std::to_string(ntohs(here.sin_port));
  return true;
}

string authorization(Load const& load, Phone const& phone, string const& nonce) {
  if (nonce.empty()) return {};
  string const name = "u" + std::to_string(phone.index);
  string const uri = "sip:" + load.domain;
  string const ha1 = md5_hex(name + ':' + load.domain + ':' + load.password);
  string const response = md5_hex(ha1 + ':' + nonce + ":00000001:0a4f113b:auth:" + md5_hex("REGISTER:" + uri));
  return "Authorization: Digest username=\"" + name + "\", realm=\"" + load.domain + "\", nonce=\"" + nonce +
         "\", uri=\"" + uri + "\", response=\"" + response +
         "\", algorithm=MD5, cnonce=\"0a4f113b\", qop=auth, nc=00000001\r\n";
}

string request(Load const& load, Phone const& phone, string const& nonce) {
  using namespace reveille::bench;
  string const number = std::to_string(phone.index);
  string const cseq = nonce.empty() ? "2" : "3";
  string const self = "<sip:u" + number + '@' + load.domain + '>';
  return "REGISTER sip:" + load.domain + " SIP/2.0\r\nVia: SIP/2.0/TCP " + phone.address + ";rport;branch=z9hG4bKu" +
         number + '.' + cseq + "\r\nMax-Forwards: 70\r\nFrom: " + self + ";tag=5b2c9f\r\nTo: " + self +
         "\r\nCall-ID: seed-" + number + "\r\nCSeq: " + cseq + " REGISTER\r\nContact: <" +
         contact_uri(phone.index, phone.address + ";transport=tcp", team, made_up_tokens(phone.index)) +
         ">;+sip.instance=\"<urn:uuid:" + uuid_of(phone.index) +
         ">\";reveille-os=\"ios/18.0\";reveille-services=\"call,im\"\r\n" + authorization(load, phone, nonce) +
         "Supported: outbound, path, gruu\r\nExpires: 3600\r\nUser-Agent: " + user_agent +
         "\r\nContent-Length: 0\r\n\r\n";
}

bool send(Phone const& phone, string const& text) {
  return ::send(phone.socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// One response; those of a REGISTER have no body.
string receive(Phone const& phone) {
  string text;
  char bytes[4096];
  while (!text.ends_with("\r\n\r\n")) {
    auto const size = ::recv(phone.socket, bytes, sizeof bytes, 0);
    if (size <= 0) break;
    text.append(bytes, static_cast<std::size_t>(size));
  }
  return text;
}

// The nonce of the MD5 challenge, if it is one; a server may offer SHA-256 first.
string md5_nonce(string const& text) {
  auto const md5 = text.find("algorithm=MD5");
  if (md5 == string::npos) return {};
  auto const line = text.rfind("\r\n", md5);
  auto const from = text.find("nonce=\"", line) + 7;
  return text.substr(from, text.find('"', from) - from);
}

// How many were registered. Each step is done by all before the next, so that many are alive at once.
int wake(Load const& load, int first, int last, string& refusal) {
  std::vector<Phone> phones;
  for (int i = first; i < last; ++i) {
    phones.push_back({.index = i});
    if (!connect(load, phones.back())) refusal = "(no connection)";
  }
  for (auto const& phone : phones) (void)send(phone, request(load, phone, {}));
  for (auto const& phone : phones) (void)send(phone, request(load, phone, md5_nonce(receive(phone))));
  auto const ok = std::ranges::count_if(phones, [&](auto const& phone) {
    auto const answer = receive(phone);
    if (answer.starts_with("SIP/2.0 200")) return true;
    refusal = answer.substr(0, answer.find('\r'));
    return false;
  });
  for (auto const& phone : phones) ::close(phone.socket);
  return static_cast<int>(ok);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) {
    std::fprintf(stderr, "usage: bench_waking_load PORT DOMAIN PASSWORD PHONES AT_ONCE\n");
    return 2;
  }
  Load const load{.port = std::atoi(arguments[1]), .domain = arguments[2], .password = arguments[3]};
  int const phones = std::atoi(arguments[4]);
  int const at_once = std::max(1, std::atoi(arguments[5]));
  auto const began = std::chrono::steady_clock::now();
  int ok = 0;
  string refusal;
  for (int first = 0; first < phones; first += at_once)
    ok += wake(load, first, std::min(first + at_once, phones), refusal);
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("{\"ok\":%d,\"seconds\":%.3f}\n", ok, seconds);
  if (ok != phones) std::fprintf(stderr, "one was answered: %s\n", refusal.c_str());
  return ok == phones ? 0 : 1;
}
