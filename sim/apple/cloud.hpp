// Cloud: the whole simulated Apple Push Notification service: TLS listeners over one state. Providers have one for each
// environment, where the other's tokens are none (api.push.apple.com, api.sandbox.push.apple.com), and one for both,
// which knows where each token belongs.
//
// The provider key that it accepts, and its certificates, are made in the data folder and kept there. Devices live in
// memory. Lifetime: the listeners close with it. Threads: the io_context's one thread.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace reveille::sim::apple {

struct CloudSettings {
  std::filesystem::path data = {};
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // of both environments; 0: any free one
  std::uint16_t production_port = 0;
  std::uint16_t sandbox_port = 0;
  std::uint16_t device_port = 0;
};

class Cloud {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Cloud>> open(boost::asio::io_context& io, Clock const& clock,
                                                           Random& random, CloudSettings const& settings);
  virtual ~Cloud() = default;
  // One line of JSON, as interfaces.md, section 5, says.
  [[nodiscard]] virtual std::string ready_line() const = 0;
};

// The program `reveille-sim apple`: runs until SIGINT or SIGTERM. Returns the exit code.
[[nodiscard]] int run_cloud(CloudSettings const& settings);

}  // namespace reveille::sim::apple
