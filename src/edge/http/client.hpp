// HttpClient: requests to one HTTPS server over one kept HTTP/2 connection, which is made when needed and made again
// when it ends.
//
// A request that a dying connection provably left unprocessed is sent once more on a fresh one; every other outcome is
// the caller's to judge (Outcome in http2/client.hpp). When the server cannot be reached, requests fail at once with
// `unprocessed`, and the next one dials again, but not more often than every 200 ms. Where the server lets a ping go
// unanswered, the next connection's pings get twice the time, so that a server that is merely slow is not left for
// ever. Lifetime: the destructor ends what is under way: each handler is called with `unknown` or `unprocessed`.
// Threads: the executor's one thread.
#pragma once

#include "edge/http2/client.hpp"

#include <functional>
#include <memory>

namespace reveille::edge {

class HttpClient {
 public:
  HttpClient(boost::asio::any_io_executor executor, Http2ClientOptions options);
  HttpClient(HttpClient const&) = delete;
  HttpClient& operator=(HttpClient const&) = delete;
  ~HttpClient();

  void request(Http2Request request, Http2Client::Done done);
  [[nodiscard]] bool is_connected() const;
  // Ends what is under way, now; a later request fails. For an owner whose requests refer to it.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace reveille::edge
