// The app's thread.
#include "sim/handset/app_process.hpp"

namespace reveille::sim::handset {

void AppProcess::launch(AppWorld world) {
  park();
  app_ = std::make_shared<App>(context_, std::move(world));
  let_run();
}

void AppProcess::suspend(SuspendMode mode) {
  park();
  radio_.end_all(mode);
}

void AppProcess::let_run() {
  if (thread_.joinable()) return;
  context_.restart();
  thread_ = std::thread([this] { context_.run(); });
}

// A process that ends has its sockets closed by the kernel, unless the network is gone.
void AppProcess::end(SuspendMode mode) {
  park();
  radio_.end_all(mode == SuspendMode::gone ? SuspendMode::gone : SuspendMode::closed);
  app_.reset();
}

void AppProcess::park() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace reveille::sim::handset
