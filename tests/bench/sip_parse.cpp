// What the SIP language costs: nanoseconds and allocations a message, best of several rounds. A plain program: prints
// one line each.
#include "base/instant.hpp"
#include "wire/sip/digest.hpp"
#include "wire/sip/nonce.hpp"
#include "wire/sip/owned_message.hpp"
#include "wire/sip/push_parameters.hpp"
#include "wire/sip/validate.hpp"
#include "wire/sip/writer.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace reveille::sip {
namespace {

// 673 bytes, 12 fields.
std::string const register_text =
    "REGISTER sip:example.org;transport=udp SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.17:5062;rport;branch=z9hG4bK74bf9a1c2e3d\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:user000001@example.org>;tag=9fxced76sl\r\n"
    "To: <sip:user000001@example.org>\r\n"
    "Call-ID: 1-23456@192.0.2.17\r\n"
    "CSeq: 1 REGISTER\r\n"
    "Contact: <sip:user000001@192.0.2.17:5062;transport=udp;pn-provider=apns;pn-param=ABCD1234.org.example.app.voip;"
    "pn-prid=00fc13adff7851200fc13adff7851200fc13adff7851200fc13adff785120001>;"
    "+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"\r\n"
    "Expires: 3600\r\n"
    "Supported: outbound, path, gruu\r\n"
    "User-Agent: Example/1.0 (iOS 18)\r\n"
    "X-Padding: ";

std::string padded_register() {
  auto text = register_text;
  std::string const end = "\r\nContent-Length: 0\r\n\r\n";
  text.append(673 - std::min<std::size_t>(673, text.size() + end.size()), 'x');
  return text + end;
}

template <class Work>
void measure(char const* name, Work work) {
  constexpr int count = 100'000;
  auto best = std::numeric_limits<double>::max();
  std::size_t allocated = 0;
  for (int round = 0; round < 7; ++round) {
    auto const before = allocations;
    auto const start = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) work();
    std::chrono::duration<double, std::nano> const took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / count);
    allocated = allocations - before;
  }
  std::printf("%-28s %8.1f ns  %.2f allocations\n", name, best, static_cast<double>(allocated) / count);
}

void keep(void const* value) {
  asm volatile("" : : "g"(value) : "memory");
}

void measure_messages() {
  auto bytes = padded_register();
  std::printf("REGISTER of %zu bytes\n", bytes.size());
  MessageView view;
  measure("parse", [&] {
    (void)parse_datagram(bytes, view);
    keep(&view);
  });
  measure("check_request", [&] {
    auto const refusal = check_request(view, Handling::receiving);
    keep(&refusal);
  });
  measure("parse_contact", [&] {
    auto const contact = parse_contact(view.text(HeaderName::contact));
    keep(&contact);
  });
  std::string out;
  measure("respond 200", [&] {
    (void)respond(out, view, {.status = 200, .to_tag = "t1"}).header(HeaderName::expires, 3600).finish();
    keep(out.data());
  });
  measure("forward", [&] {
    (void)Forward(view)
        .request_uri("sip:user000001@192.0.2.18:5062")
        .prepend_via("SIP/2.0/UDP proxy.example.org;branch=z9hG4bKnext")
        .decrement_max_forwards()
        .write(out);
    keep(out.data());
  });
}

void measure_digest() {
  Digester digester;
  NonceMint mint(Secret(std::string(32, 'k')), 5min);
  auto const nonce = mint.make({}, 1, "example.org");
  auto const text = "Digest username=\"u\",realm=\"example.org\",nonce=\"" + nonce +
                    "\",uri=\"sip:example.org\",response=\"8ca523f5e9506fed4657c9700eebdbec\",cnonce=\"c1\",qop=auth,"
                    "nc=00000001,algorithm=MD5";
  auto credentials = parse_credentials(text);
  if (!credentials) std::abort();
  auto const ha1 = digester.ha1(Algorithm::md5, "u", "example.org", "p");
  measure("parse_credentials", [&] {
    credentials = parse_credentials(text);
    keep(&credentials);
  });
  measure("verify MD5", [&] {
    auto const right = digester.verify(*credentials, ha1.view(), "REGISTER");
    keep(&right);
  });
  credentials->algorithm = Algorithm::sha256;
  measure("verify SHA-256", [&] {
    auto const right = digester.verify(*credentials, ha1.view(), "REGISTER");
    keep(&right);
  });
  measure("check nonce", [&] {
    auto const verdict = mint.check(nonce, {}, "example.org");
    keep(&verdict);
  });
}

}  // namespace
}  // namespace reveille::sip

int main() {
  reveille::sip::measure_messages();
  reveille::sip::measure_digest();
}
