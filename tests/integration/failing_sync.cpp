// A disk that cannot write, for one process (LD_PRELOAD): fdatasync of FAILING_FILE says EIO while FAILING_WHILE
// exists.
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

extern "C" int fdatasync(int file) {
  char path[PATH_MAX] = {};
  auto const link = "/proc/self/fd/" + std::to_string(file);
  auto const* failing = std::getenv("FAILING_FILE");
  auto const* condition = std::getenv("FAILING_WHILE");
  bool const is_known = failing && condition && ::readlink(link.c_str(), path, sizeof path - 1) > 0;
  if (is_known && failing == std::string(path) && ::access(condition, F_OK) == 0) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
