// The raw limit of a promise: one 4 KB append and fdatasync at a time. usage: bench_fdatasync FILE COUNT →
// {"p50_us":…,"p99_us":…}
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

int main(int count, char** arguments) {
  if (count != 3) return 2;
  int const fd = ::open(arguments[1], O_CREAT | O_WRONLY | O_TRUNC, 0600);
  std::string const page(4096, 'x');
  std::vector<double> micros;
  for (int i = std::atoi(arguments[2]); i > 0; --i) {
    auto const began = std::chrono::steady_clock::now();
    if (::write(fd, page.data(), page.size()) < 0 || ::fdatasync(fd) != 0) return 1;
    micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count());
  }
  std::ranges::sort(micros);
  std::printf("{\"p50_us\":%.0f,\"p99_us\":%.0f}\n", micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
  return 0;
}
