// App::Calling and App::Messaging: the two sides of the app, each a machine with its connection.
#pragma once

#include "sim/handset/app.hpp"
#include "sim/handset/media_session.hpp"
#include "sim/handset/sip_flow.hpp"
#include "sim/handset/xmpp_link.hpp"

#include <algorithm>
#include <utility>

namespace reveille::sim::handset {

[[nodiscard]] Result<edge::Destination> destination_of(std::string const& host_and_port, edge::TlsContext tls);
[[nodiscard]] SipIdentity sip_identity_of(AppWorld const& world);
[[nodiscard]] XmppIdentity xmpp_identity_of(AppWorld const& world);

class App::Calling final : public SipHost, public edge::sip::RequestHandler {
 public:
  explicit Calling(App& app)
      : app_(app),
        reconnect_(app.context_),
        agent_(sip_identity_of(app.world_), *this, app.random_, app.world_.clock) {}
  ~Calling() override { agent_.calls().abandon(); }

  [[nodiscard]] SipAgent& agent() { return agent_; }
  void woke() {
    close();
    agent_.on_flow_lost();
  }
  void close() {
    reconnect_.cancel();
    flow_.reset();
  }

  void open_flow(std::vector<std::string> nodes) override;
  void try_next_node() override;
  std::vector<boost::asio::ip::address> addresses_of(std::string const& name) override;
  void stirred() override { app_.arm(); }
  void emit(std::string_view event, boost::json::object fields) override {
    app_.world_.log.emit(event, std::move(fields));
  }
  void tell_os(OsInput input) override { app_.world_.tell_os(std::move(input)); }
  std::unique_ptr<MediaPort> open_media(MediaWish const& wish) override;

 private:
  void on_request(RequestHandle request, sip::MessageView const& message, edge::sip::Source const&) override {
    app_.run([&] { agent_.calls().on_request(request, message); });
  }
  void on_cancel(RequestHandle request, sip::MessageView const& cancel) override {
    app_.run([&] { agent_.calls().on_cancel(request, cancel); });
  }
  void on_ack(sip::MessageView const& ack, edge::sip::Source const&) override {
    app_.run([&] { agent_.calls().on_ack(ack); });
  }
  void on_flow_lost(FlowHandle) override { on_lost("the server closed the connection, or does not answer"); }
  // To nodes_[node_], or the server of the command line.
  void dial();
  [[nodiscard]] Result<SipServer> server() const;
  [[nodiscard]] bool is_another_node_left() const { return node_ + 1 < nodes_.size(); }
  void reconnect();
  void on_opened(Result<SipFlowFacts> const& facts);
  void on_lost(std::string const& why);

  App& app_;
  boost::asio::steady_timer reconnect_;
  std::chrono::milliseconds reconnect_after_{200};
  std::vector<std::string> nodes_ = {};  // of the push that this flow is for
  std::size_t node_ = 0;
  std::string local_address_ = "127.0.0.1";
  std::shared_ptr<SipFlow> flow_ = {};
  SipAgent agent_;
};

class App::Messaging final : public XmppHost {
 public:
  explicit Messaging(App& app) : app_(app), client_(xmpp_identity_of(app.world_), *this, app.random_) {}

  [[nodiscard]] XmppClient& client() { return client_; }

  void send(std::string const& bytes) override {
    if (link_) link_->send(bytes);
  }
  void open_link() override;
  void drop_link(LinkEnd end) override {
    if (link_ && end == LinkEnd::clean) link_->leave();
    link_.reset();
  }
  void emit(std::string_view event, boost::json::object fields) override {
    app_.world_.log.emit(event, std::move(fields));
  }
  std::string last_archive_id() override { return app_.world_.storage.get().last_archive_id; }
  void remember_archive_id(std::string const& id) override {
    static_cast<void>(app_.world_.storage.update([&](Kept& kept) { kept.last_archive_id = id; }));
  }
  void caught_up() override { app_.world_.tell_os(NotificationsRead{}); }

 private:
  App& app_;
  std::unique_ptr<XmppLink> link_ = {};
  XmppClient client_;
};

template <class Step>
void App::run(Step&& step) {
  std::forward<Step>(step)();
  arm();
}

}  // namespace reveille::sim::handset
