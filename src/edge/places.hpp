// Places: how many connections there may be, in all and from one address. A Place is one of them, given back when it is
// destroyed.
//
// An IPv6 address counts with its whole /64, which is what one subscriber has (RFC 6177). Lifetime: places may outlive
// their Places. Threads: one.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

namespace reveille::edge {

class Places {
 public:
  struct Limits {
    std::size_t in_all = 0;
    std::size_t of_address = 0;
  };
  class Place;

  explicit Places(Limits limits) : taken_(std::make_shared<Taken>(Taken{.limits = limits})) {}

  // Nothing when there is none left.
  [[nodiscard]] std::optional<Place> take(boost::asio::ip::address const& address);
  [[nodiscard]] std::size_t taken() const { return taken_->in_all; }

 private:
  struct Taken {
    Limits limits = {};
    std::size_t in_all = 0;
    std::unordered_map<boost::asio::ip::address, std::size_t> of_address = {};
  };
  std::shared_ptr<Taken> taken_;
};

class Places::Place {
 public:
  Place(Place&& other) noexcept = default;
  Place& operator=(Place&&) = delete;
  ~Place();

 private:
  friend class Places;
  Place(std::shared_ptr<Taken> taken, boost::asio::ip::address address)
      : taken_(std::move(taken)), address_(std::move(address)) {}

  std::shared_ptr<Taken> taken_;
  boost::asio::ip::address address_;
};

}  // namespace reveille::edge
