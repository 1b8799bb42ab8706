// For tests: a shard's thread played by the test itself, and a folder that goes away with it.
#pragma once

#include "store/store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

namespace reveille::store {

class TestShard {
 public:
  [[nodiscard]] Post post() {
    return [this](std::move_only_function<void()> job) {
      std::lock_guard const lock{mutex_};
      jobs_.push_back(std::move(job));
      changed_.notify_one();
    };
  }
  // Runs what is posted until `until` holds; a test fails after ten seconds.
  void run_until(std::function<bool()> const& until) {
    auto const give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!until()) {
      std::unique_lock lock{mutex_};
      if (!changed_.wait_until(lock, give_up, [this] { return !jobs_.empty(); })) {
        ADD_FAILURE() << "nothing came in ten seconds";
        return;
      }
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
  }
  // Forgets what was posted and not yet run: a shard that was killed.
  void drop() {
    std::lock_guard const lock{mutex_};
    jobs_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> jobs_ = {};
};

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reveille-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(TestFolder const&) = delete;
  TestFolder& operator=(TestFolder const&) = delete;
  [[nodiscard]] std::string file(std::string const& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Commits and waits for the answer.
inline Result<void> commit_now(Store& store, TestShard& shard, Batch batch, Urgency urgency = Urgency::at_once) {
  std::optional<Result<void>> answer;
  store.commit(std::move(batch), urgency, [&](Result<void> result) { answer = std::move(result); });
  EXPECT_FALSE(answer) << "answered from inside commit()";
  shard.run_until([&] { return answer.has_value(); });
  return answer.value_or(Result<void>{});
}

inline std::vector<std::pair<std::string, std::string>> records_of(Store& store, Table table) {
  std::vector<std::pair<std::string, std::string>> found;
  auto const done = store.for_each(table, [&](std::string_view key, std::string_view value) {
    found.emplace_back(std::string(key), std::string(value));
  });
  EXPECT_TRUE(done.has_value());
  return found;
}

}  // namespace reveille::store
