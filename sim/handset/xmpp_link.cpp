// A link to IM & presence.
#include "sim/handset/xmpp_link.hpp"

#include <array>
#include <deque>

namespace reveille::sim::handset {

using boost::system::error_code;

// Every operation under way holds its connection; a connection that ended calls nothing more.
class XmppLink::Connection final : public RadioUser, public std::enable_shared_from_this<XmppLink::Connection> {
 public:
  Connection(Radio& radio, XmppLinkEvents events) : radio_(radio), events_(std::move(events)) {}

  void start(boost::asio::any_io_executor const& executor, edge::Destination const& server) {
    edge::dial(executor, server, [this, self = shared_from_this()](Result<std::shared_ptr<edge::Link>> link) {
      if (ended_) {
        if (link) (*link)->close();
        return;
      }
      if (!link) return lose(link.error().ours);
      link_ = std::move(*link);
      radio_.add(weak_from_this());
      read();
      events_.up();
    });
  }

  void send(std::string bytes) {
    if (!link_ || ended_) return;
    unsent_.push_back(std::move(bytes));
    if (unsent_.size() == 1) write();
  }

  void leave() {
    leaving_ = true;
    events_ = {};
    if (unsent_.empty()) end();
  }

  void end() {
    if (leaving_ && !unsent_.empty()) return;  // write() ends it
    ended_ = true;
    events_ = {};
    if (!link_) return;
    if (leaving_)
      link_->close_gently();
    else
      link_->close();
  }

  [[nodiscard]] std::vector<int> descriptors() override {
    return link_ ? std::vector{link_->native_handle()} : std::vector<int>{};
  }
  void close_sockets() override { link_->close(); }

 private:
  void lose(std::string const& why) {
    if (ended_) return;
    auto const lost = std::move(events_.lost);
    leaving_ = false;
    end();
    if (lost) lost(why);
  }

  void write() {
    auto const& bytes = unsent_.front();
    link_->write({reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size()},
                 [this, self = shared_from_this()](error_code error, std::size_t) {
                   if (ended_) return;
                   if (error) return lose("writing failed: " + error.message());
                   unsent_.pop_front();
                   if (!unsent_.empty()) return write();
                   if (leaving_) end();
                 });
  }

  void read() {
    link_->read_some(buffer_, [this, self = shared_from_this()](error_code error, std::size_t size) {
      if (ended_) return;
      if (error) return lose("the server closed the connection: " + error.message());
      // A copy, since the handler may end this connection.
      if (auto const bytes = events_.bytes) bytes({reinterpret_cast<char const*>(buffer_.data()), size});
      if (!ended_) read();
    });
  }

  Radio& radio_;
  XmppLinkEvents events_;
  std::shared_ptr<edge::Link> link_ = {};
  std::array<std::uint8_t, 16384> buffer_ = {};
  std::deque<std::string> unsent_ = {};
  bool leaving_ = false;
  bool ended_ = false;
};

XmppLink::XmppLink(boost::asio::any_io_executor executor, Radio& radio, edge::Destination const& server,
                   XmppLinkEvents events)
    : connection_(std::make_shared<Connection>(radio, std::move(events))) {
  connection_->start(executor, server);
}

XmppLink::~XmppLink() {
  connection_->end();
}

void XmppLink::send(std::string bytes) {
  connection_->send(std::move(bytes));
}

void XmppLink::leave() {
  connection_->leave();
}

}  // namespace reveille::sim::handset
