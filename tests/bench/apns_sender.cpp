// bench_apns_sender HOST PORT CA NUMBER TOKENS [BODY-BYTES]: sends NUMBER notifications on one connection, in turn to
// TOKENS distinct device tokens, and prints what each cost this process: {"sent","accepted","cpu_us","wall_s"}.
//
// The tokens are sha256 of 0, 1, …, as tests/bench/bench_apns.py makes files for; the server need not be APNs.
#include "base/encoding.hpp"
#include "deliver/apns/sender.hpp"
#include "wire/crypto/digest.hpp"
#include "wire/crypto/es256.hpp"

#include <boost/asio/io_context.hpp>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace reveille;
using namespace reveille::deliver::apns;

constexpr std::size_t most_waiting = 2000;  // as a queue that is fed from disk would keep ready

double cpu_microseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto const of = [](timeval const& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

std::vector<std::string> tokens(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(encode_hex(crypto::sha256(std::to_string(i))));
  return out;
}

struct Load {
  std::vector<std::string> devices = {};
  std::string body = {};
  std::size_t wanted = 0;
  std::size_t sent = 0;
  std::size_t answered = 0;
  std::size_t accepted = 0;
  std::string trouble = {};  // of the first that was not accepted
};

void feed(Load& load, Sender& sender, Instant give_up_at) {
  while (load.sent < load.wanted && load.sent - load.answered < most_waiting) {
    ApnsRequest request{.token = load.devices[load.sent++ % load.devices.size()],
                        .topic = "com.example.app.voip",
                        .push_type = PushType::voip,
                        .expiration = 0,
                        .apns_id = "00000000-0000-8000-8000-000000000000",
                        .payload = load.body,
                        .give_up_at = give_up_at};
    sender.send(std::move(request), [&load, &sender, give_up_at](model::ProviderAnswer answer) {
      ++load.answered;
      bool const accepted = answer.verdict == model::ProviderVerdict::accepted;
      load.accepted += accepted ? 1 : 0;
      if (!accepted && load.trouble.empty()) load.trouble = std::to_string(answer.status) + ' ' + answer.reason;
      feed(load, sender, give_up_at);
    });
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 6) {
    std::fprintf(stderr, "usage: bench_apns_sender HOST PORT CA NUMBER TOKENS [BODY-BYTES]\n");
    return 2;
  }
  boost::asio::io_context io{1};
  SystemClock const clock;
  auto sender = Sender::open(io.get_executor(), clock,
                             {.team = "DEF1234567",
                              .key_id = "ABC1234567",
                              .key_pem = Secret{crypto::Es256Key::generate().private_pem()},
                              .host = words[1],
                              .port = static_cast<std::uint16_t>(std::atoi(words[2])),
                              .ca_file = words[3],
                              .connections = 1});
  if (!sender) {
    std::fprintf(stderr, "%s\n", sender.error().ours.c_str());
    return 1;
  }
  Load load{.devices = tokens(static_cast<std::size_t>(std::atol(words[5]))),
            .body = std::string(count > 6 ? static_cast<std::size_t>(std::atol(words[6])) : 250, 'x'),
            .wanted = static_cast<std::size_t>(std::atol(words[4]))};
  double const cpu_before = cpu_microseconds();
  auto const began = std::chrono::steady_clock::now();
  feed(load, **sender, clock.now() + 10min);
  while (load.answered < load.wanted) io.run_one();
  std::chrono::duration<double> const wall = std::chrono::steady_clock::now() - began;
  std::printf("{\"sent\":%zu,\"accepted\":%zu,\"cpu_us\":%.3f,\"wall_s\":%.3f}\n", load.answered, load.accepted,
              (cpu_microseconds() - cpu_before) / static_cast<double>(load.answered), wall.count());
  if (!load.trouble.empty()) std::fprintf(stderr, "the first one that was not accepted: %s\n", load.trouble.c_str());
  return load.accepted == load.wanted ? 0 : 1;
}
