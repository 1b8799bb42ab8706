// Radio: the open connections of the phone's app, so that the OS can end them when it suspends or ends the app.
//
// frozen: they stay open and nothing reads. closed: they are closed. gone: as if the network had vanished; the kernel
// drops what arrives before TCP sees it, so nothing is acknowledged; the radio holds each socket until the process
// ends, and so neither FIN nor RST leaves, whatever the app closes. Threads: the app's; end_all is the OS's, while the
// app's thread is parked.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace reveille::sim::handset {

enum class SuspendMode : std::uint8_t { frozen, closed, gone };

// Something of the app's that has sockets.
class RadioUser {
 public:
  // Of all that are open now.
  [[nodiscard]] virtual std::vector<int> descriptors() = 0;
  // As the kernel does: without a word, and without a callback.
  virtual void close_sockets() = 0;

 protected:
  ~RadioUser() = default;
};

class Radio {
 public:
  Radio() = default;
  Radio(Radio const&) = delete;
  Radio& operator=(Radio const&) = delete;
  ~Radio();

  void add(std::weak_ptr<RadioUser> user);
  void end_all(SuspendMode mode);

 private:
  std::vector<std::weak_ptr<RadioUser>> users_ = {};
  std::vector<int> gone_ = {};
};

}  // namespace reveille::sim::handset
