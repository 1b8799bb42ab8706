// To be preloaded (LD_PRELOAD) into a server that is measured: its wall clock is ahead by as many seconds as the file
// that MOVED_CLOCK names holds, eight bytes in the machine's order, and follows what is written there. Its monotonic
// clock is left alone.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

using ClockFunction = int (*)(clockid_t, timespec*);

std::int64_t const volatile* open_offset() {
  static std::int64_t const none = 0;
  char const* const name = std::getenv("MOVED_CLOCK");
  int const file = name == nullptr ? -1 : ::open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return &none;
  void* const place = ::mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return place == MAP_FAILED ? &none : static_cast<std::int64_t const*>(place);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) {
  static auto const real = reinterpret_cast<ClockFunction>(::dlsym(RTLD_NEXT, "clock_gettime"));
  static auto const* const seconds_ahead = open_offset();
  int const result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += *seconds_ahead;
  return result;
}
