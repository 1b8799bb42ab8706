// The description of the client API that GET /openapi.json gives where there is no push service beside it. A change of
// read_device in push_json.cpp, or of what device_door.cpp answers, is a change here.
#include "arrive/rest/device_door.hpp"
#include "arrive/rest/openapi.hpp"

namespace reveille::arrive {
namespace {

constexpr std::string_view written = R"json({
"openapi":"3.1.0",
"info":{"title":"Reveille client API","version":"1","description":"A user's own devices. Errors are application/problem+json with type urn:reveille:problem:NAME."},
"components":{
 "securitySchemes":{"basic":{"type":"http","scheme":"basic","description":"The user's address, or its local part, and password."}},
 "responses":{
  "Device":{"description":"The device as it stands","content":{"application/json":{"schema":{"$ref":"#/components/schemas/DeviceView"}}}}},
 "schemas":{
  "Device":{"type":"object","additionalProperties":false,"properties":{
   "account":{"type":"string","description":"The user's own; may be left out."},
   "app":{"type":"string"},"platform":{"enum":["ios","android","other"]},"os_version":{"type":"string"},
   "provider":{"enum":["apns","fcm","webpush"]},"environment":{"enum":["production","sandbox"]},"team":{"type":"string"},"project":{"type":"string"},
   "channels":{"type":"object","additionalProperties":false,"properties":{"layout":{"enum":["shared","split"]},
    "voip":{"type":"object","required":["token"],"properties":{"token":{"type":"string","description":"Of APNs: hexadecimal."}}},"message":{"type":"object","required":["token"],"properties":{"token":{"type":"string"}}}}},
   "services":{"type":"array","items":{"enum":["call","im"]},"description":"What the device is woken for. None: it signs out."},
   "away_in_background":{"type":"boolean"},"mode":{"enum":["foreground","background"]},
   "content_key":{"type":"object","properties":{"kid":{"type":"string"},"k":{"type":"string","description":"32 bytes, base64url"}}}}},
  "DeviceView":{"type":"object","properties":{
   "account":{"type":"string"},"instance":{"type":"string"},"app":{"type":"string"},"platform":{"type":"string"},"os_version":{"type":"string"},"provider":{"type":"string"},"environment":{"type":"string"},"mode":{"type":"string"},
   "channels":{"type":"object","description":"layout, and of each channel with a token {token_tail, since, dead_since}."},
   "services":{"type":"array","items":{"type":"string"}}}},
  "Mode":{"type":"object","additionalProperties":false,"required":["mode"],"properties":{"account":{"type":"string"},"mode":{"enum":["foreground","background"]}}}}},
"security":[{"basic":[]}],
"paths":{
 "/v1/devices/{device}":{
  "parameters":[{"name":"device","in":"path","required":true,"schema":{"type":"string","format":"uuid"}}],
  "put":{"summary":"Registers a device, field by field: what is not named stays.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Device"}}}},"responses":{"200":{"$ref":"#/components/responses/Device"}}},
  "patch":{"summary":"Says that the app went off screen or came back.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Mode"}}}},"responses":{"200":{"$ref":"#/components/responses/Device"}}},
  "delete":{"summary":"Signs it out: it is not woken any more.","responses":{"204":{"description":"Signed out"}}}}
}})json";

constexpr std::string_view path = "/v1/devices/{device}";

std::vector<OpenapiOperation> operations() {
  return {{path,
           "put",
           {"malformed", "unauthorised", "not-found", "invalid-field", "too-many-devices", "too-many-guesses",
            "overloaded", "storage"}},
          {path,
           "patch",
           {"malformed", "unauthorised", "not-found", "invalid-field", "too-many-guesses", "overloaded", "storage"}},
          {path, "delete", {"unauthorised", "not-found", "too-many-guesses", "overloaded", "storage"}}};
}

}  // namespace

std::string_view device_openapi() {
  static std::string const text = with_problems(written, operations());
  return text;
}

}  // namespace reveille::arrive
