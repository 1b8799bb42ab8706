#include "store/sqlite/lock_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace reveille::store::sqlite {
namespace {

constexpr mode_t readable_by_owner = 0600;

std::string holder_of(int descriptor) {
  std::array<char, 16> text{};
  auto const size = pread(descriptor, text.data(), text.size(), 0);
  std::string number;
  for (ssize_t i = 0;
       i < size && text.at(static_cast<std::size_t>(i)) >= '0' && text.at(static_cast<std::size_t>(i)) <= '9'; ++i)
    number += text.at(static_cast<std::size_t>(i));
  return number.empty() ? std::string("another process") : "process " + number;
}

}  // namespace

Result<LockFile> LockFile::take(std::string const& database_path) {
  std::string const path = database_path + ".lock";
  int const descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, readable_by_owner);
  if (descriptor < 0)
    return failure(
        ErrorCode::storage,
        fmt::format("{} cannot be made ({}). Check that its folder exists, who owns it, and whether the disk "
                    "is full.",
                    path, std::strerror(errno)));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    auto const holder = holder_of(descriptor);
    ::close(descriptor);
    return failure(ErrorCode::busy, fmt::format("{} is in use by {}. Stop it first, or give another data folder.",
                                                database_path, holder));
  }
  auto const number = fmt::format("{}\n", getpid());
  // Only a help for the reader of the message above: a full disk is no reason not to start.
  if (ftruncate(descriptor, 0) == 0) (void)!pwrite(descriptor, number.data(), number.size(), 0);
  return LockFile{descriptor};
}

LockFile::~LockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace reveille::store::sqlite
