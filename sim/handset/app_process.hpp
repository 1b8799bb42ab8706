// AppProcess: the app as the OS sees it: launched, parked, let run again, ended.
//
// The app has a thread and an io_context of its own. A suspended app runs no code: its thread is parked, so its sockets
// stand as they are and its timers fire when it runs again. Threads: the OS's, for every function.
#pragma once

#include "sim/handset/app.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <thread>
#include <utility>

namespace reveille::sim::handset {

class AppProcess {
 public:
  AppProcess() = default;
  AppProcess(AppProcess const&) = delete;
  AppProcess& operator=(AppProcess const&) = delete;
  ~AppProcess() { park(); }

  [[nodiscard]] Radio& radio() { return radio_; }

  void launch(AppWorld world);
  void suspend(SuspendMode mode);
  void let_run();
  void end(SuspendMode mode);

  // Runs on the app's thread, when it next runs; not at all when the app has ended by then.
  template <class Step>
  void tell(Step step) {
    boost::asio::post(context_, [app = std::weak_ptr(app_), step = std::move(step)] {
      if (auto const running = app.lock()) step(*running);
    });
  }

 private:
  void park();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  Radio radio_ = {};
  std::shared_ptr<App> app_ = {};
  std::thread thread_ = {};
};

}  // namespace reveille::sim::handset
