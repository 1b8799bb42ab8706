// The VFS of losing_disk.hpp, and a test of the test's own instrument. Source: https://www.sqlite.org/vfs.html.
#include "store/sqlite/losing_disk.hpp"

#include "store/sqlite/database.hpp"
#include "store/test_shard.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>
#include <utility>

namespace reveille::store::sqlite {
namespace {

using State = LosingDisk::State;
using Sync = LosingDisk::File::Sync;

// SQLite allocates szOsFile bytes: this, and behind it the operating system's own.
struct OpenFile {
  sqlite3_file base = {};
  LosingDisk* disk = nullptr;
  std::shared_ptr<LosingDisk::File>* file = nullptr;
  sqlite3_file* real = nullptr;
};

OpenFile& of(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file);
}

sqlite3_vfs* real_vfs() {
  return sqlite3_vfs_find(nullptr);
}

int close_file(sqlite3_file* file) {
  auto& open = of(file);
  delete open.file;
  open.file = nullptr;
  return open.real->pMethods ? open.real->pMethods->xClose(open.real) : SQLITE_OK;
}

int read_file(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
  auto& open = of(file);
  std::lock_guard const lock{open.disk->mutex};
  auto const& seen = (*open.file)->seen;
  auto const from = std::min(static_cast<std::size_t>(offset), seen.size());
  auto const got = std::min(static_cast<std::size_t>(amount), seen.size() - from);
  std::memset(out, 0, static_cast<std::size_t>(amount));
  std::memcpy(out, seen.data() + from, got);
  return got == static_cast<std::size_t>(amount) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, void const* data, int amount, sqlite3_int64 offset) {
  auto& open = of(file);
  std::lock_guard const lock{open.disk->mutex};
  if (open.disk->state == State::without_power) return SQLITE_IOERR_WRITE;
  if (open.disk->state == State::full) return SQLITE_FULL;
  auto& seen = (*open.file)->seen;
  auto const end = static_cast<std::size_t>(offset) + static_cast<std::size_t>(amount);
  if (seen.size() < end) seen.resize(end);
  std::memcpy(seen.data() + offset, data, static_cast<std::size_t>(amount));
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  auto& open = of(file);
  std::lock_guard const lock{open.disk->mutex};
  if (open.disk->state == State::without_power) return SQLITE_IOERR_TRUNCATE;
  (*open.file)->seen.resize(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int) {
  auto& open = of(file);
  std::unique_lock lock{open.disk->mutex};
  auto& content = **open.file;
  if (auto const then = std::exchange(content.at_sync, {})) {
    lock.unlock();
    then();
    lock.lock();
  }
  if (open.disk->state == State::without_power) return SQLITE_IOERR_FSYNC;
  if (content.sync == Sync::fails && content.fails_after-- == 0) {
    content.sync = Sync::lies;
    return SQLITE_IOERR_FSYNC;
  }
  if (content.sync != Sync::lies) content.synced = content.seen;
  ++open.disk->sync_count;
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  auto& open = of(file);
  std::lock_guard const lock{open.disk->mutex};
  *size = static_cast<sqlite3_int64>((*open.file)->seen.size());
  return SQLITE_OK;
}

// The rest is the operating system's.
int lock_file(sqlite3_file* file, int level) {
  return of(file).real->pMethods->xLock(of(file).real, level);
}
int unlock_file(sqlite3_file* file, int level) {
  return of(file).real->pMethods->xUnlock(of(file).real, level);
}
int is_reserved(sqlite3_file* file, int* out) {
  return of(file).real->pMethods->xCheckReservedLock(of(file).real, out);
}
int control(sqlite3_file* file, int operation, void* argument) {
  if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return of(file).real->pMethods->xFileControl(of(file).real, operation, argument);
}
int sector_size(sqlite3_file* file) {
  return of(file).real->pMethods->xSectorSize(of(file).real);
}
int characteristics(sqlite3_file* file) {
  return of(file).real->pMethods->xDeviceCharacteristics(of(file).real);
}
int shared_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return of(file).real->pMethods->xShmMap(of(file).real, page, size, extend, out);
}
int shared_lock(sqlite3_file* file, int offset, int count, int flags) {
  return of(file).real->pMethods->xShmLock(of(file).real, offset, count, flags);
}
void shared_barrier(sqlite3_file* file) {
  of(file).real->pMethods->xShmBarrier(of(file).real);
}
int shared_unmap(sqlite3_file* file, int erase) {
  return of(file).real->pMethods->xShmUnmap(of(file).real, erase);
}

sqlite3_io_methods const methods = {
    2,           close_file,     read_file,    write_file, truncate_file, sync_file,       size_of_file,
    lock_file,   unlock_file,    is_reserved,  control,    sector_size,   characteristics, shared_map,
    shared_lock, shared_barrier, shared_unmap, nullptr,    nullptr};

int open_file(sqlite3_vfs* vfs, char const* name, sqlite3_file* file, int flags, int* out_flags) {
  auto& open = *new (file) OpenFile{};
  open.disk = static_cast<LosingDisk*>(vfs->pAppData);
  open.real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(OpenFile));
  int const code = real_vfs()->xOpen(real_vfs(), name, open.real, flags, out_flags);
  if (code != SQLITE_OK) return code;
  std::lock_guard const lock{open.disk->mutex};
  open.file = new std::shared_ptr(open.disk->file_at(name ? name : "temporary"));
  open.base.pMethods = &methods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, char const* name, int sync) {
  auto& disk = *static_cast<LosingDisk*>(vfs->pAppData);
  std::lock_guard const lock{disk.mutex};
  if (disk.state == State::without_power) return SQLITE_OK;
  disk.files.erase(name);
  return real_vfs()->xDelete(real_vfs(), name, sync);
}

}  // namespace

LosingDisk::LosingDisk() : vfs_(std::make_unique<sqlite3_vfs>(*real_vfs())) {
  static std::atomic<int> number{0};
  name_ = "losing-disk-" + std::to_string(++number);
  vfs_->szOsFile = static_cast<int>(sizeof(OpenFile)) + real_vfs()->szOsFile;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  sqlite3_vfs_register(vfs_.get(), 0);
}

LosingDisk::~LosingDisk() {
  sqlite3_vfs_unregister(vfs_.get());
}

std::shared_ptr<LosingDisk::File> LosingDisk::file_at(std::string const& path) {
  auto& file = files[path];
  if (!file) file = std::make_shared<File>();
  return file;
}

void LosingDisk::cut_power() {
  std::lock_guard const lock{mutex};
  state = State::without_power;
}

void LosingDisk::restore_power() {
  std::lock_guard const lock{mutex};
  state = State::works;
  for (auto& [path, file] : files) {
    file->seen = file->synced;
    file->sync = Sync::works;
  }
}

void LosingDisk::fail_sync(std::string const& path, int after) {
  std::lock_guard const lock{mutex};
  auto& file = *file_at(path);
  file.sync = Sync::fails;
  file.fails_after = after;
}

void LosingDisk::at_sync(std::string const& path, std::function<void()> then) {
  std::lock_guard const lock{mutex};
  file_at(path)->at_sync = std::move(then);
}

void LosingDisk::fill() {
  std::lock_guard const lock{mutex};
  state = State::full;
}

void LosingDisk::make_room() {
  std::lock_guard const lock{mutex};
  state = State::works;
}

std::uint64_t LosingDisk::syncs() const {
  std::lock_guard const lock{mutex};
  return sync_count;
}

void LosingDisk::damage(std::string const& path, std::size_t at, std::string const& bytes) {
  std::lock_guard const lock{mutex};
  auto& file = *file_at(path);
  file.synced.replace(at, bytes.size(), bytes);
  file.seen = file.synced;
}

namespace {

TEST(LosingDisk, LosesWhatWasNotSynced) {
  LosingDisk disk;
  TestFolder folder;
  Place const place{.path = folder.file("lost.db"), .vfs = disk.vfs()};
  {
    auto database = Database::open(place).value();
    ASSERT_TRUE(database->execute("CREATE TABLE t (a); INSERT INTO t VALUES (1); PRAGMA synchronous = OFF;"));
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES (2)"));
    EXPECT_EQ(database->number_of("SELECT count(*) FROM t").value(), 2);
    disk.cut_power();
  }
  disk.restore_power();
  auto database = Database::open(place).value();
  EXPECT_EQ(database->number_of("SELECT count(*) FROM t").value(), 1);
}

}  // namespace
}  // namespace reveille::store::sqlite
