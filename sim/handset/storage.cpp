// The phone's file.
#include "sim/handset/storage.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <iterator>
#include <system_error>

namespace reveille::sim::handset {

namespace json = boost::json;

namespace {

std::string text_of(json::object const& object, std::string_view key) {
  auto const* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

Result<void> write_file(std::filesystem::path const& path, std::string const& text) {
  auto const fresh = path.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << text;
    out.flush();
    if (!out) return failure(ErrorCode::storage, "cannot write the state file " + fresh);
  }
  std::error_code fault;
  // It holds tokens.
  std::filesystem::permissions(fresh, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, fault);
  std::filesystem::rename(fresh, path, fault);
  if (fault) return failure(ErrorCode::storage, "cannot write the state file " + path.string());
  return {};
}

}  // namespace

Result<Kept> Storage::read(std::filesystem::path const& path) {
  if (!std::filesystem::exists(path)) return Kept{};
  std::ifstream in(path, std::ios::binary);
  std::string const text{std::istreambuf_iterator<char>(in), {}};
  if (!in && !in.eof()) return failure(ErrorCode::storage, "cannot read the state file " + path.string());
  boost::system::error_code fault;
  auto const value = json::parse(text, fault);
  if (fault || !value.is_object())
    return failure(ErrorCode::corrupt, "the state file " + path.string() + " is no JSON object");
  auto const& object = value.get_object();
  auto const* signed_in = object.if_contains("signed_in");
  return Kept{.instance = text_of(object, "instance"),
              .apple_device = text_of(object, "apple_device"),
              .token_voip = text_of(object, "token_voip"),
              .token_message = text_of(object, "token_message"),
              .signed_in = signed_in != nullptr && signed_in->is_bool() && signed_in->get_bool(),
              .last_archive_id = text_of(object, "last_archive_id")};
}

Kept Storage::get() const {
  std::scoped_lock const lock(mutex_);
  return kept_;
}

Result<void> Storage::update(std::function<void(Kept&)> const& change) {
  std::scoped_lock const lock(mutex_);
  change(kept_);
  if (!path_) return {};
  return write_file(*path_, json::serialize(json::object{{"instance", kept_.instance},
                                                         {"apple_device", kept_.apple_device},
                                                         {"token_voip", kept_.token_voip},
                                                         {"token_message", kept_.token_message},
                                                         {"signed_in", kept_.signed_in},
                                                         {"last_archive_id", kept_.last_archive_id}}));
}

}  // namespace reveille::sim::handset
