// What the tests of edge/sip play with: a Server on loopback and free ports, peers that speak bytes over real sockets,
// and texts of messages. Everything runs on the server's io_context; run_until waits for an event, with a deadline.
// Threads: one. For tests only.
#pragma once

#include "base/random.hpp"
#include "edge/development_ca.hpp"
#include "edge/link.hpp"
#include "edge/sip/stack.hpp"
#include "wire/sip/owned_message.hpp"
#include "wire/sip/writer.hpp"

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::edge::sip {

inline constexpr std::chrono::seconds test_deadline{10};

inline std::size_t count_in(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

inline std::string request_text(std::string const& method, std::string const& transport, Address const& sent_by,
                                std::string const& branch, std::string const& via_parameters = {}) {
  std::string const host = sent_by.port == 0 ? "phone.invalid" : format_address(sent_by);
  return method + " sip:juliet@localhost SIP/2.0\r\nVia: SIP/2.0/" + transport + " " + host + ";branch=" + branch +
         via_parameters +
         "\r\nMax-Forwards: 70\r\nFrom: <sip:romeo@localhost>;tag=r1\r\nTo: <sip:juliet@localhost>\r\n" +
         "Call-ID: call-1\r\nCSeq: 1 " + method + "\r\nContent-Length: 0\r\n\r\n";
}

inline std::string own_request_text(std::string const& method) {
  return method + " sip:juliet@127.0.0.1 SIP/2.0\r\nMax-Forwards: 70\r\nFrom: <sip:romeo@localhost>;tag=r1\r\n" +
         "To: <sip:juliet@localhost>\r\nCall-ID: call-2\r\nCSeq: 7 " + method + "\r\nContent-Length: 0\r\n\r\n";
}
inline std::string invite_text() {
  return own_request_text("INVITE");
}
inline std::string message_text() {
  return own_request_text("MESSAGE");
}

// A response to a request in bytes.
inline std::string response_text(int status, std::string const& request, std::string const& to_tag) {
  auto const message = wire::Message::parse(request);
  std::string out;
  if (message) static_cast<void>(wire::respond(out, message->view(), {.status = status, .to_tag = to_tag}).finish());
  return out;
}

// What a ResponseHandler heard: "180", "timed out", "unreachable".
class Outcome {
 public:
  [[nodiscard]] ResponseHandler handler() {
    return [heard = heard_](Heard const& one) {
      switch (one.what) {
        case Heard::What::response: heard->push_back(std::to_string(one.message->status())); break;
        case Heard::What::timed_out: heard->push_back("timed out"); break;
        case Heard::What::unreachable: heard->push_back("unreachable"); break;
      }
    };
  }
  [[nodiscard]] std::vector<std::string> const& heard() const { return *heard_; }

 private:
  std::shared_ptr<std::vector<std::string>> heard_ = std::make_shared<std::vector<std::string>>();
};

// A certificate for 127.0.0.1, made once for all tests of the process.
inline CertificateFiles const& test_certificate() {
  static CertificateFiles const files = [] {
    auto const folder = std::filesystem::temp_directory_path() / ("reveille-sip-test-" + SystemRandom{}.hex(8));
    std::filesystem::create_directories(folder);
    auto made = ensure_development_certificate(folder, {"localhost"}, SystemClock{}.now());
    return made ? *made : CertificateFiles{};
  }();
  return files;
}

class Server {
 public:
  class Handler final : public RequestHandler {
   public:
    enum class How : std::uint8_t { statelessly, by_transaction };

    void answer_all_with(int status, How how) {
      status_ = status;
      how_ = how;
    }
    void hold_trying() { holds_trying_ = true; }
    void on_request(RequestHandle request, wire::MessageView const& message, Source const& source) override {
      requests_.push_back(request);
      sources_.push_back(source);
      if (holds_trying_) stack->hold_trying(request);
      if (status_ == 0) return;
      std::string response;
      static_cast<void>(wire::respond(response, message, {.status = status_, .to_tag = "us"}).finish());
      if (how_ == How::statelessly) return stack->reply_statelessly(request, response);
      stack->respond(request, std::move(response));
    }
    void on_cancel(RequestHandle request, wire::MessageView const& cancel) override {
      cancelled_.push_back(request);
      cancel_reasons_.emplace_back(cancel.text(wire::HeaderName::reason));
    }
    void on_ack(wire::MessageView const& message, Source const&) override { acks_.emplace_back(message.bytes()); }
    void on_flow_lost(FlowHandle flow) override { lost_.push_back(flow); }
    void on_request_ended(RequestHandle request) override { ended_.push_back(request); }

    [[nodiscard]] std::vector<RequestHandle> const& requests() const { return requests_; }
    [[nodiscard]] std::vector<Source> const& sources() const { return sources_; }
    [[nodiscard]] std::vector<RequestHandle> const& cancelled() const { return cancelled_; }
    [[nodiscard]] std::vector<std::string> const& cancel_reasons() const { return cancel_reasons_; }
    [[nodiscard]] std::vector<RequestHandle> const& ended() const { return ended_; }
    [[nodiscard]] std::vector<std::string> const& acks() const { return acks_; }
    [[nodiscard]] std::vector<FlowHandle> const& lost() const { return lost_; }

    Stack* stack = nullptr;

   private:
    int status_ = 0;
    bool holds_trying_ = false;
    How how_ = How::by_transaction;
    std::vector<RequestHandle> requests_ = {};
    std::vector<Source> sources_ = {};
    std::vector<RequestHandle> cancelled_ = {};
    std::vector<std::string> cancel_reasons_ = {};
    std::vector<RequestHandle> ended_ = {};
    std::vector<std::string> acks_ = {};
    std::vector<FlowHandle> lost_ = {};
  };

  explicit Server(Limits const& limits = {}) : stack_(context_, clock_, random_, handler_, limits) {
    handler_.stack = &stack_;
    Address const any{.ip = boost::asio::ip::address_v4::loopback()};
    auto const tls = make_server_tls({.certificate = test_certificate().certificate, .key = test_certificate().key});
    addresses_ = {stack_.transports().listen(wire::Transport::udp, any).value(),
                  stack_.transports().listen(wire::Transport::tcp, any).value(),
                  stack_.transports().listen(wire::Transport::tls, any, tls.value()).value()};
  }

  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  [[nodiscard]] Stack& stack() { return stack_; }
  [[nodiscard]] Handler& handler() { return handler_; }
  [[nodiscard]] Address address(wire::Transport transport) const {
    return addresses_[static_cast<std::size_t>(transport)];
  }
  // What a client of that transport needs: nothing, or trust in the test authority.
  [[nodiscard]] static TlsContext client_tls(wire::Transport transport) {
    if (transport != wire::Transport::tls) return {};
    return make_client_tls({.ca_file = test_certificate().ca}).value();
  }

  template <class Predicate>
  [[nodiscard]] bool run_until(Predicate holds) {
    auto const deadline = std::chrono::steady_clock::now() + test_deadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds{20});
    }
    return true;
  }

 private:
  static_assert(static_cast<int>(wire::Transport::udp) == 0 && static_cast<int>(wire::Transport::tls) == 2);

  boost::asio::io_context context_;
  SystemClock clock_;
  SystemRandom random_;
  Handler handler_;
  Stack stack_;
  std::array<Address, 3> addresses_ = {};
};

template <class Predicate>
[[nodiscard]] bool run_until(Server& one, Server& other, Predicate holds) {
  return one.run_until([&] {
    other.context().restart();
    other.context().poll();
    return holds();
  });
}

class UdpPeer {
 public:
  UdpPeer(boost::asio::io_context& context, Address const& server) : state_(std::make_shared<State>(context, server)) {
    listen(state_);
  }
  UdpPeer(UdpPeer const&) = delete;
  UdpPeer& operator=(UdpPeer const&) = delete;
  ~UdpPeer() { state_->socket.close(); }

  void send(std::string_view bytes) {
    state_->socket.send_to(boost::asio::buffer(bytes.data(), bytes.size()), state_->server.udp());
  }
  [[nodiscard]] Address local() const { return Address::of(state_->socket.local_endpoint()); }
  [[nodiscard]] std::vector<std::string> const& received() const { return state_->received; }
  [[nodiscard]] std::size_t count(std::string_view part) const {
    std::size_t found = 0;
    for (auto const& datagram : state_->received) found += count_in(datagram, part) > 0 ? 1 : 0;
    return found;
  }

 private:
  struct State {
    State(boost::asio::io_context& context, Address const& to)
        : socket(context, {boost::asio::ip::address_v4::loopback(), 0}), server(to) {}
    boost::asio::ip::udp::socket socket;
    Address server;
    std::vector<std::string> received = {};
    std::array<char, 65536> buffer = {};
  };
  static void listen(std::shared_ptr<State> const& state) {
    state->socket.async_receive(boost::asio::buffer(state->buffer),
                                [state](boost::system::error_code error, std::size_t size) {
                                  if (error) return;
                                  state->received.emplace_back(state->buffer.data(), size);
                                  listen(state);
                                });
  }
  std::shared_ptr<State> state_;
};

class StreamPeer {
 public:
  StreamPeer(boost::asio::io_context& context, Address const& server, TlsContext tls)
      : state_(std::make_shared<State>()) {
    dial(context.get_executor(), {.host = server.ip.to_string(), .port = server.port, .tls = std::move(tls)},
         [state = state_](Result<std::shared_ptr<Link>> link) {
           if (!link) {
             state->is_closed = true;
             return;
           }
           state->link = std::move(*link);
           read(state);
           write(state);
         });
  }
  StreamPeer(StreamPeer const&) = delete;
  StreamPeer& operator=(StreamPeer const&) = delete;
  ~StreamPeer() { close(); }

  void send(std::string_view bytes) {
    state_->queued += bytes;
    write(state_);
  }
  void close() {
    if (state_->link) state_->link->close();
  }
  void stop_reading() { state_->reads = false; }
  [[nodiscard]] bool is_connected() const { return state_->link != nullptr; }
  [[nodiscard]] bool is_closed() const { return state_->is_closed; }
  [[nodiscard]] std::string const& received() const { return state_->received; }
  [[nodiscard]] std::size_t count(std::string_view part) const { return count_in(state_->received, part); }

 private:
  struct State {
    std::shared_ptr<Link> link = {};
    std::string queued = {};
    std::string writing = {};
    std::string received = {};
    bool is_closed = false;
    bool reads = true;
    std::array<std::uint8_t, 4096> buffer = {};
  };
  static void read(std::shared_ptr<State> const& state) {
    if (!state->reads) return;
    state->link->read_some(state->buffer, [state](boost::system::error_code error, std::size_t size) {
      if (error) {
        state->is_closed = true;
        return;
      }
      state->received.append(reinterpret_cast<char const*>(state->buffer.data()), size);
      read(state);
    });
  }
  static void write(std::shared_ptr<State> const& state) {
    if (!state->link || !state->writing.empty() || state->queued.empty()) return;
    std::swap(state->writing, state->queued);
    auto const* bytes = reinterpret_cast<std::uint8_t const*>(state->writing.data());
    state->link->write({bytes, state->writing.size()}, [state](boost::system::error_code error, std::size_t) {
      state->writing.clear();
      if (!error) write(state);
    });
  }
  std::shared_ptr<State> state_;
};

}  // namespace reveille::edge::sip
