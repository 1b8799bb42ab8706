// A load of REGISTER requests with digest over UDP, from one socket, with a bounded number in flight.
//
// usage: bench_register_load PORT DOMAIN PASSWORD EXPIRES, then commands on standard input: `register FIRST LAST
// WINDOW` for users uFIRST … u(LAST−1). Each is answered by one JSON line. `forget`: nobody has a nonce any more. A
// user keeps his nonce and counts it up (RFC 7616 section 3.4), as phones do; MD5, since every server knows it.
#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;
using std::string;
using std::string_view;

constexpr auto resend_after = std::chrono::milliseconds{1500};
constexpr int batch = 64;

struct User {
  unsigned cseq = 0;
  unsigned nonce_count = 0;
  string nonce = {};
  bool waiting = false;
};

struct Counts {
  long sent = 0, ok = 0, challenged = 0, refused = 0, resent = 0;
};

struct Load {
  int socket = -1;
  string domain = {};
  string password = {};
  int expires = 0;
  std::vector<User> users = {};
  Counts counts = {};
  string last_refusal = {};
};

string md5_hex(string_view text) {
  return reveille::encode_hex(reveille::crypto::md5(text));
}

string authorization(Load const& load, User& user, int index) {
  if (user.nonce.empty()) return {};
  char count[9];
  std::snprintf(count, sizeof count, "%08x", ++user.nonce_count);
  string const name = "u" + std::to_string(index);
  string const uri = "sip:" + load.domain;
  string const ha1 = md5_hex(name + ':' + load.domain + ':' + load.password);
  string const ha2 = md5_hex("REGISTER:" + uri);
  string const response = md5_hex(ha1 + ':' + user.nonce + ':' + count + ":0a4f113b:auth:" + ha2);
  return "Authorization: Digest username=\"" + name + "\", realm=\"" + load.domain + "\", nonce=\"" + user.nonce +
         "\", uri=\"" + uri + "\", response=\"" + response +
         "\", algorithm=MD5, cnonce=\"0a4f113b\", qop=auth, nc=" + count + "\r\n";
}

string request(Load const& load, User& user, int index) {
  ++user.cseq;
  string const credentials = authorization(load, user, index);
  char text[2048];
  int const size =
      std::snprintf(text, sizeof text,
                    "REGISTER sip:%s SIP/2.0\r\n"
                    "Via: SIP/2.0/UDP 127.0.0.1:49822;rport;branch=z9hG4bKu%d.%u\r\n"
                    "Max-Forwards: 70\r\n"
                    "From: <sip:u%d@%s>;tag=5b2c9f%d\r\n"
                    "To: <sip:u%d@%s>\r\n"
                    "Call-ID: %d-load@reveille\r\n"
                    "CSeq: %u REGISTER\r\n"
                    "Contact: <sip:u%d@127.0.0.1:49822;ob;pn-provider=apns;pn-param=TEAM012345.org.example.phone.voip;"
                    "pn-prid=00fc13adff7855c2c4a1e9d6b3f08277f00dfeed1234567800000000%08d>;reg-id=1;"
                    "+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-%012d>\"\r\n"
                    "%sSupported: outbound, path, gruu\r\n"
                    "Expires: %d\r\n"
                    "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, MESSAGE, OPTIONS\r\n"
                    "User-Agent: ExamplePhone/3.2 (iOS 18.0)\r\n"
                    "Content-Length: 0\r\n\r\n",
                    load.domain.c_str(), index, user.cseq, index, load.domain.c_str(), index, index,
                    load.domain.c_str(), index, user.cseq, index, index, index, credentials.c_str(), load.expires);
  return string(text, static_cast<std::size_t>(size));
}

void send(Load& load, int index) {
  User& user = load.users[static_cast<std::size_t>(index)];
  string const text = request(load, user, index);
  user.waiting = true;
  ++load.counts.sent;
  (void)::send(load.socket, text.data(), text.size(), MSG_NOSIGNAL);
}

long number_after(string_view text, string_view name) {
  auto const at = text.find(name);
  return at == string_view::npos ? -1 : std::strtol(text.data() + at + name.size(), nullptr, 10);
}

// The nonce of the MD5 challenge; a server may offer SHA-256 first.
string md5_nonce(string_view text) {
  auto algorithm = text.find("algorithm=MD5");
  auto const line = text.rfind("\r\n", algorithm == string_view::npos ? text.find("nonce=\"") : algorithm);
  auto const from = text.find("nonce=\"", line) + 7;
  return string(text.substr(from, text.find('"', from) - from));
}

// True when a user's registration has ended, well or not.
bool on_response(Load& load, string_view text) {
  long const index = number_after(text, "Call-ID: ");
  if (index < 0 || index >= static_cast<long>(load.users.size())) return false;
  User& user = load.users[static_cast<std::size_t>(index)];
  if (!user.waiting || number_after(text, "CSeq: ") != static_cast<long>(user.cseq)) return false;
  long const status = std::strtol(text.data() + 8, nullptr, 10);
  if (status < 200) return false;
  if (status == 401 && user.nonce_count < 2) {
    ++load.counts.challenged;
    user.nonce = md5_nonce(text);
    user.nonce_count = 0;
    send(load, static_cast<int>(index));
    return false;
  }
  user.waiting = false;
  if (status == 401) user.nonce.clear();
  if (status == 200) {
    ++load.counts.ok;
  } else {
    ++load.counts.refused;
    load.last_refusal = string(text.substr(0, text.find("\r\n")));
  }
  return true;
}

int receive(Load& load) {
  pollfd waiting{.fd = load.socket, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, 100) <= 0) return 0;
  int ended = 0;
  char bytes[4096];
  for (int i = 0; i < batch; ++i) {
    auto const size = ::recv(load.socket, bytes, sizeof bytes - 1, MSG_DONTWAIT);
    if (size <= 0) break;
    bytes[size] = 0;
    if (on_response(load, {bytes, static_cast<std::size_t>(size)})) ++ended;
  }
  return ended;
}

void resend_lost(Load& load, int first, int next) {
  for (int i = first; i < next; ++i) {
    User& user = load.users[static_cast<std::size_t>(i)];
    if (!user.waiting) continue;
    ++load.counts.resent;
    send(load, i);
  }
}

void register_users(Load& load, int first, int last, int window) {
  if (static_cast<int>(load.users.size()) < last) load.users.resize(static_cast<std::size_t>(last));
  load.counts = {};
  auto const began = Steady::now();
  auto heard = began;
  int next = first;
  int ended = 0;
  while (ended < last - first) {
    while (next < last && next - first - ended < window) send(load, next++);
    int const now_ended = receive(load);
    ended += now_ended;
    if (now_ended > 0) heard = Steady::now();
    if (Steady::now() - heard > resend_after) {
      resend_lost(load, first, next);
      heard = Steady::now();
    }
  }
  double const seconds = std::chrono::duration<double>(Steady::now() - began).count();
  std::printf(
      "{\"ok\":%ld,\"challenged\":%ld,\"refused\":%ld,\"resent\":%ld,\"sent\":%ld,\"seconds\":%.3f,\"last_refusal\":\"%"
      "s\"}\n",
      load.counts.ok, load.counts.challenged, load.counts.refused, load.counts.resent, load.counts.sent, seconds,
      load.last_refusal.c_str());
  std::fflush(stdout);
}

int connect_to(int port) {
  int const fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  int const buffer = 4 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::perror("connect");
  return fd;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: bench_register_load PORT DOMAIN PASSWORD EXPIRES\n");
    return 2;
  }
  Load load{.socket = connect_to(std::atoi(arguments[1])),
            .domain = arguments[2],
            .password = arguments[3],
            .expires = std::atoi(arguments[4])};
  for (string line; std::getline(std::cin, line);) {
    int first = 0, last = 0, window = 0;
    if (std::sscanf(line.c_str(), "register %d %d %d", &first, &last, &window) == 3)
      register_users(load, first, last, window);
    if (line == "forget")
      for (auto& user : load.users) {
        user.nonce.clear();
        user.nonce_count = 0;
      }
  }
  return 0;
}
