// Calls at a steady rate over UDP, to users u0 … u(N−1) whose phones sleep: when did each INVITE leave?
//
// usage: bench_wake_load PORT DOMAIN CALLER PASSWORD USERS RATE CALLS
// Prints one line a call: {"call":"c17","sent_us":…} with the wall clock in microseconds; the display name of the
// caller is the call's name, so that the push that arrives at the provider can be matched. Each call is cancelled after
// a second. Ends when every call has its final response.
#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;
using std::string;
using std::string_view;

constexpr auto cancel_after = std::chrono::seconds{1};
constexpr auto longest_wait = std::chrono::seconds{40};
constexpr string_view session =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 "
    "PCMU/8000\r\n";

enum class State { waiting, offered, cancelled, ended };

struct Call {
  State state = State::waiting;
  Steady::time_point sent_at = {};
  long sent_us = 0;
};

struct Load {
  int socket = -1;
  int local_port = 0;
  string domain = {}, caller = {}, password = {};
  string run = {};  // in each Call-ID: push ids derive from it, and a run must not repeat another's
  int users = 0;
  string nonce = {};
  unsigned nonce_count = 0;
  std::vector<Call> calls = {};
  int ended = 0;
};

string md5_hex(string_view text) {
  return reveille::encode_hex(reveille::crypto::md5(text));
}

long wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

string target(Load const& load, int index) {
  return "sip:u" + std::to_string(index % load.users) + "@" + load.domain;
}

string authorization(Load& load, string const& uri) {
  if (load.nonce.empty()) return {};
  char count[9];
  std::snprintf(count, sizeof count, "%08x", ++load.nonce_count);
  string const ha1 = md5_hex(load.caller + ':' + load.domain + ':' + load.password);
  string const response = md5_hex(ha1 + ':' + load.nonce + ':' + count + ":0a4f113b:auth:" + md5_hex("INVITE:" + uri));
  return "Proxy-Authorization: Digest username=\"" + load.caller + "\", realm=\"" + load.domain + "\", nonce=\"" +
         load.nonce + "\", uri=\"" + uri + "\", response=\"" + response +
         "\", algorithm=MD5, cnonce=\"0a4f113b\", qop=auth, nc=" + count + "\r\n";
}

// The headers that INVITE, CANCEL and ACK of one call share. `to_tag` is empty or ";tag=…".
string request(Load const& load, int index, string_view method, string_view to_tag, string_view more,
               string_view body) {
  string const number = std::to_string(index);
  string const uri = target(load, index);
  string text{method};
  text += " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:" + std::to_string(load.local_port) +
          ";rport;branch=z9hG4bKw" + load.run + '-' + number + "\r\nMax-Forwards: 70\r\nFrom: \"c" + number +
          "\" <sip:" + load.caller + "@" + load.domain + ">;tag=w" + number + "\r\nTo: <" + uri + ">" + string(to_tag) +
          "\r\nCall-ID: w" + number + '-' + load.run + "\r\nCSeq: 1 " + string(method) +
          "\r\nContact: <sip:" + load.caller + "@127.0.0.1:" + std::to_string(load.local_port) + ">\r\n";
  text += more;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

void send(Load const& load, string const& text) {
  (void)::send(load.socket, text.data(), text.size(), MSG_NOSIGNAL);
}

void invite(Load& load, int index) {
  Call& call = load.calls[static_cast<std::size_t>(index)];
  string const more = authorization(load, target(load, index)) + "Content-Type: application/sdp\r\n";
  string const text = request(load, index, "INVITE", "", more, session);
  call.state = State::offered;
  call.sent_at = Steady::now();
  call.sent_us = wall_us();
  send(load, text);
}

void on_final(Load& load, int index, long status, string_view text) {
  Call& call = load.calls[static_cast<std::size_t>(index)];
  auto const to = text.find("\nTo: ");
  auto const tag = text.find(";tag=", to);
  string const to_tag{tag == string_view::npos ? "" : text.substr(tag, text.find('\r', tag) - tag)};
  send(load, request(load, index, "ACK", to_tag, "", ""));
  if (status == 407 && load.nonce.empty()) {
    auto const algorithm = text.find("algorithm=MD5");
    auto const line = text.rfind("\r\n", algorithm == string_view::npos ? text.find("nonce=\"") : algorithm);
    auto const from = text.find("nonce=\"", line) + 7;
    load.nonce = string(text.substr(from, text.find('"', from) - from));
  } else if (status != 487 && status != 480) {
    std::fprintf(stderr, "call c%d ended with %ld\n", index, status);
  }
  if (call.state == State::ended) return;
  call.state = State::ended;
  ++load.ended;
}

void receive(Load& load, int milliseconds) {
  pollfd waiting{.fd = load.socket, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, milliseconds) <= 0) return;
  char bytes[8192];
  for (;;) {
    auto const size = ::recv(load.socket, bytes, sizeof bytes - 1, MSG_DONTWAIT);
    if (size <= 0) return;
    bytes[size] = 0;
    string_view const text{bytes, static_cast<std::size_t>(size)};
    auto const id = text.find("Call-ID: w");
    long const status = std::strtol(bytes + 8, nullptr, 10);
    if (id == string_view::npos || status < 200 || text.find("CSeq: 1 INVITE") == string_view::npos) continue;
    int const index = std::atoi(bytes + id + 10);
    if (index >= 0 && index < static_cast<int>(load.calls.size())) on_final(load, index, status, text);
  }
}

void cancel_due(Load& load, int& next_cancel, int offered) {
  auto const now = Steady::now();
  for (; next_cancel < offered; ++next_cancel) {
    Call& call = load.calls[static_cast<std::size_t>(next_cancel)];
    if (now - call.sent_at < cancel_after) return;
    if (call.state != State::offered) continue;
    call.state = State::cancelled;
    send(load, request(load, next_cancel, "CANCEL", "", "", ""));
  }
}

void run(Load& load, double rate) {
  invite(load, 0);
  while (load.ended < 1) receive(load, 50);
  auto const began = Steady::now();
  int const count = static_cast<int>(load.calls.size());
  int offered = 1;
  int next_cancel = 1;
  while (load.ended < count &&
         Steady::now() - began < longest_wait + std::chrono::seconds{static_cast<int>(count / rate)}) {
    auto const due =
        began + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(offered / rate));
    auto const now = Steady::now();
    if (offered < count && now >= due) {
      invite(load, offered++);
      continue;
    }
    cancel_due(load, next_cancel, offered);
    auto const pause = offered < count ? std::chrono::duration_cast<std::chrono::milliseconds>(due - now).count() : 20;
    receive(load, static_cast<int>(pause));
  }
}

int connect_to(int port, int& local_port) {
  int const fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  int const buffer = 4 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::perror("connect");
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  local_port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 8) {
    std::fprintf(stderr, "usage: bench_wake_load PORT DOMAIN CALLER PASSWORD USERS RATE CALLS\n");
    return 2;
  }
  Load load{.domain = arguments[2], .caller = arguments[3], .password = arguments[4], .users = std::atoi(arguments[5])};
  load.socket = connect_to(std::atoi(arguments[1]), load.local_port);
  load.run = std::to_string(wall_us());
  load.calls.resize(static_cast<std::size_t>(std::atoi(arguments[7])) + 1);  // the first one only fetches the nonce
  run(load, std::atof(arguments[6]));
  for (std::size_t i = 1; i < load.calls.size(); ++i)
    std::printf("{\"call\":\"c%zu\",\"sent_us\":%ld,\"ended\":%s}\n", i, load.calls[i].sent_us,
                load.calls[i].state == State::ended ? "true" : "false");
  return 0;
}
