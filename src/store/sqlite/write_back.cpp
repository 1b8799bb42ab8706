#include "store/sqlite/write_back.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace reveille::store::sqlite {
namespace {

// Sixteen pages, or more of a large file: its end is reached in as many steps.
constexpr off_t least_slice = 65'536;
constexpr off_t most_slices = 4'096;
constexpr unsigned until_written = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
constexpr std::chrono::milliseconds longest_rest{50};
// Quicker than any disk: nothing was there to be written.
constexpr std::chrono::microseconds nothing_written{20};

}  // namespace

WriteBack::~WriteBack() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void WriteBack::run(std::function<Duration(Duration took)> const& rest_after) {
  if (descriptor_ < 0) descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about = {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &about) != 0) return;
  auto const slice = std::max(least_slice, about.st_size / most_slices);
  for (off_t at = 0; at < about.st_size; at += slice) {
    auto const began = std::chrono::steady_clock::now();
    if (::sync_file_range(descriptor_, at, slice, until_written) != 0) return;
    auto const took = std::chrono::steady_clock::now() - began;
    if (took > nothing_written) std::this_thread::sleep_for(std::min<Duration>(rest_after(took), longest_rest));
  }
}

}  // namespace reveille::store::sqlite
