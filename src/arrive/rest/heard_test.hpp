// What a door's peer hears, for the tests of the doors.
#pragma once

#include "edge/http/exchange.hpp"

#include <boost/json.hpp>

#include <optional>
#include <string>

namespace reveille::arrive::test {

struct Heard final : edge::ResponseSink {
  std::optional<edge::HttpResponse> response = {};
  void send(edge::HttpResponse sent) override { response = std::move(sent); }
  void begin(edge::HttpResponse) override {}
  void write(std::string, std::move_only_function<void()>) override {}
  void end() override {}
  void reset(std::uint32_t) override {}
  void on_gone(std::move_only_function<void()>) override {}
  [[nodiscard]] bool is_gone() const override { return false; }

  [[nodiscard]] int status() const { return response ? response->status : 0; }
  [[nodiscard]] boost::json::object body() const { return boost::json::parse(response.value().body).as_object(); }
  [[nodiscard]] std::string problem() const { return std::string(body().at("type").as_string()).substr(21); }
};

}  // namespace reveille::arrive::test
