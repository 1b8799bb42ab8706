// AppleDevice: the phone's OS towards Apple's cloud, which the simulator plays (interfaces.md 5, device side).
//
// register_device asks for a device and its tokens; go_online opens the stream of pushes and keeps it open, with a new
// try 1 s after each end. The open stream is what "online" means.
// Lifetime: the destructor goes offline; no callback comes after. Threads: the executor's one. TLS is verified.
#pragma once

#include "base/result.hpp"
#include "edge/link.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace reveille::sim::handset {

struct AppleTokens {
  std::string device = {};
  std::string voip = {};
  std::string message = {};
};

struct AppleApp {
  std::string app = {};
  std::string platform = {};
  std::string os_version = {};
  std::string environment = {};
};

class AppleDevice {
 public:
  using OnPush = std::function<void(std::string_view line)>;

  AppleDevice(boost::asio::any_io_executor executor, edge::Destination destination);
  AppleDevice(AppleDevice const&) = delete;
  AppleDevice& operator=(AppleDevice const&) = delete;
  ~AppleDevice();

  void register_device(AppleApp const& app, std::move_only_function<void(Result<AppleTokens>)> done);
  // `on_online` is called each time the stream is open.
  void go_online(std::string const& device, OnPush on_push, std::function<void()> on_online);

 private:
  struct Stream;
  boost::asio::any_io_executor executor_;
  edge::Destination destination_;
  std::shared_ptr<Stream> stream_ = {};
};

}  // namespace reveille::sim::handset
