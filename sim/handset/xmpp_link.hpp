// XmppLink: the TLS connection of an XMPP client (direct TLS, XEP-0368): bytes out, bytes in.
//
// Lifetime: the destructor closes it; no callback comes after. Threads: the executor's one.
#pragma once

#include "edge/link.hpp"
#include "sim/handset/radio.hpp"
#include "sim/handset/xmpp_client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace reveille::sim::handset {

struct XmppLinkEvents {
  std::function<void()> up = {};
  std::function<void(std::string_view)> bytes = {};
  std::function<void(std::string const& why)> lost = {};
};

class XmppLink {
 public:
  XmppLink(boost::asio::any_io_executor executor, Radio& radio, edge::Destination const& server, XmppLinkEvents events);
  XmppLink(XmppLink const&) = delete;
  XmppLink& operator=(XmppLink const&) = delete;
  ~XmppLink();

  void send(std::string bytes);
  // What was sent still leaves; then the connection ends.
  void leave();

 private:
  class Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace reveille::sim::handset
