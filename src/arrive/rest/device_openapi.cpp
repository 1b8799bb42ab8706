// The description of the client API that GET /openapi.json gives where there is no push service beside it. A change of
// read_device in push_json.cpp is a change here.
#include "arrive/rest/device_door.hpp"

namespace reveille::arrive {

std::string_view device_openapi() {
  return R"json({
"openapi":"3.1.0",
"info":{"title":"Reveille client API","version":"1","description":"A user's own devices. Errors are application/problem+json with type urn:reveille:problem:NAME."},
"components":{
 "securitySchemes":{"basic":{"type":"http","scheme":"basic","description":"The user's address, or its local part, and password."}},
 "responses":{
  "Device":{"description":"The device"},
  "Unauthorised":{"description":"No user, or another password"},
  "NotFound":{"description":"The user has no such device"},
  "Guessing":{"description":"Too many wrong passwords: Retry-After"},
  "Invalid":{"description":"A member is missing, misspelt, or has no value that it may have"}},
 "schemas":{
  "Device":{"type":"object","additionalProperties":false,"properties":{
   "account":{"type":"string","description":"The user's own; may be left out."},
   "app":{"type":"string"},"platform":{"enum":["ios","android","other"]},"os_version":{"type":"string"},
   "provider":{"enum":["apns","fcm","webpush"]},"environment":{"enum":["production","sandbox"]},"team":{"type":"string"},"project":{"type":"string"},
   "channels":{"type":"object","additionalProperties":false,"properties":{"layout":{"enum":["shared","split"]},
    "voip":{"type":"object","required":["token"],"properties":{"token":{"type":"string"}}},"message":{"type":"object","required":["token"],"properties":{"token":{"type":"string"}}}}},
   "services":{"type":"array","items":{"enum":["call","im"]},"description":"What the device is woken for. None: it signs out."},
   "away_in_background":{"type":"boolean"},"mode":{"enum":["foreground","background"]},
   "content_key":{"type":"object","properties":{"kid":{"type":"string"},"k":{"type":"string","description":"32 bytes, base64url"}}}}},
  "Mode":{"type":"object","additionalProperties":false,"required":["mode"],"properties":{"account":{"type":"string"},"mode":{"enum":["foreground","background"]}}}}},
"security":[{"basic":[]}],
"paths":{
 "/v1/devices/{device}":{
  "parameters":[{"name":"device","in":"path","required":true,"schema":{"type":"string","format":"uuid"}}],
  "put":{"summary":"Registers a device, field by field: what is not named stays.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Device"}}}},"responses":{"200":{"$ref":"#/components/responses/Device"},"401":{"$ref":"#/components/responses/Unauthorised"},"422":{"$ref":"#/components/responses/Invalid"},"429":{"$ref":"#/components/responses/Guessing"}}},
  "patch":{"summary":"Says that the app went off screen or came back.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Mode"}}}},"responses":{"200":{"$ref":"#/components/responses/Device"},"401":{"$ref":"#/components/responses/Unauthorised"},"404":{"$ref":"#/components/responses/NotFound"},"422":{"$ref":"#/components/responses/Invalid"},"429":{"$ref":"#/components/responses/Guessing"}}},
  "delete":{"summary":"Signs it out: it is not woken any more.","responses":{"204":{"description":"Signed out"},"401":{"$ref":"#/components/responses/Unauthorised"},"404":{"$ref":"#/components/responses/NotFound"},"429":{"$ref":"#/components/responses/Guessing"}}}}
}})json";
}

}  // namespace reveille::arrive
