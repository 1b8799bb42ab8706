// The description of the push service's API that GET /openapi.json gives. A change of push_json.cpp, or of what
// push_door.cpp answers, is a change here.
#include "arrive/rest/openapi.hpp"
#include "arrive/rest/push_door.hpp"

namespace reveille::arrive {
namespace {

constexpr std::string_view written = R"json({
"openapi":"3.1.0",
"info":{"title":"Reveille push service","version":"1","description":"Asks provider clouds to wake phones. Errors are application/problem+json with type urn:reveille:problem:NAME."},
"components":{
 "securitySchemes":{"basic":{"type":"http","scheme":"basic","description":"A user, where this process is his server too: his own devices, and `account` may be left out."},"oauth2":{"type":"oauth2","flows":{"clientCredentials":{"tokenUrl":"/oauth2/token","scopes":{}}}}},
 "parameters":{
  "device":{"name":"device","in":"path","required":true,"schema":{"type":"string","format":"uuid"}},
  "id":{"name":"id","in":"path","required":true,"schema":{"type":"string"}},
  "prefer":{"name":"Prefer","in":"header","schema":{"type":"string"},"description":"wait=SECONDS, at most 60: the answer comes with the provider's final word, or when they are over (RFC 7240)."}},
 "responses":{
  "View":{"description":"The notification as it stands","content":{"application/json":{"schema":{"$ref":"#/components/schemas/View"}}}},
  "Device":{"description":"The device as it stands","content":{"application/json":{"schema":{"$ref":"#/components/schemas/DeviceView"}}}}},
 "schemas":{
  "Notification":{"type":"object","additionalProperties":false,"required":["class"],"oneOf":[{"required":["device"]},{"required":["target"]}],"properties":{
   "device":{"type":"string","format":"uuid","description":"A registered device, pushed to by the token that it has when it is sent; or name a target."},
   "target":{"type":"object","additionalProperties":false,"required":["provider","token","topic"],"properties":{
    "provider":{"enum":["apns","fcm","webpush"]},"token":{"type":"string"},"topic":{"type":"string"},"team":{"type":"string"},"environment":{"enum":["production","sandbox"]}}},
   "class":{"enum":["call","missed_call","answered_elsewhere","message","clear","background"]},
   "channel":{"enum":["voip","message"]},
   "account":{"type":"string"},"instance":{"type":"string","format":"uuid"},
   "expires_at":{"type":"string","format":"date-time"},
   "conversation":{"type":"string","maxLength":64,"description":"Later ones of the same conversation replace earlier ones."},
   "tracking_id":{"type":"string","maxLength":128},
   "payload":{"type":"object","description":"What the app reads under `reveille`."},
   "alert":{"type":"object","additionalProperties":false,"properties":{"title":{"type":"string"},"body":{"type":"string"}}},
   "badge":{"type":"integer","minimum":0,"maximum":99999}}},
  "View":{"type":"object","required":["id","state"],"properties":{
   "id":{"type":"string"},
   "state":{"enum":["accepted","sending","accepted_by_provider","acknowledged","unconfirmed","expired","refused","unknown","taken_back"]},
   "verdict":{"type":"object","properties":{"provider_status":{"type":"integer"},"reason":{"type":"string"},"token":{"enum":["alive","dead","quarantined"]},"dead_since":{"type":"string","format":"date-time"}}},
   "class":{"type":"string"},"expires_at":{"type":"string","format":"date-time"},"account":{"type":"string"},"device":{"type":"string"},"tracking_id":{"type":"string"},
   "milestones":{"type":"array","items":{"type":"object","properties":{"at":{"type":"string","format":"date-time"},"ms":{"type":"integer"},"name":{"type":"string"},"device":{"type":["string","null"]},"why":{"type":["string","null"]},"detail":{"type":"string"}}}}}},
  "Receipt":{"type":"object","additionalProperties":false,"oneOf":[{"required":["id"]},{"required":["tracking_id"]}],"properties":{
   "id":{"type":"string"},"tracking_id":{"type":"string","maxLength":128},
   "device":{"type":"string","format":"uuid","description":"With a tracking_id: of this device only."}}},
  "Device":{"type":"object","additionalProperties":false,"properties":{
   "account":{"type":"string","description":"Needed where a client asks; a user may leave it out."},"app":{"type":"string"},"platform":{"enum":["ios","android","other"]},"os_version":{"type":"string"},
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
  "Mode":{"type":"object","additionalProperties":false,"required":["mode"],"properties":{
   "account":{"type":"string","description":"Where several accounts use the device."},"mode":{"enum":["foreground","background"]}}},
  "TokenError":{"type":"object","required":["error"],"properties":{"error":{"enum":["invalid_request","unsupported_grant_type","invalid_client"]}}}}},
"security":[{"oauth2":[]}],
"paths":{
 "/oauth2/token":{"post":{"security":[],"summary":"Client credentials (RFC 6749 section 4.4), by HTTP Basic or in the form.",
  "requestBody":{"required":true,"content":{"application/x-www-form-urlencoded":{"schema":{"type":"object","required":["grant_type"],"properties":{"grant_type":{"const":"client_credentials"},"client_id":{"type":"string"},"client_secret":{"type":"string"}}}}}},
  "responses":{
   "200":{"description":"An access token","content":{"application/json":{"schema":{"type":"object","properties":{"access_token":{"type":"string"},"token_type":{"const":"Bearer"},"expires_in":{"type":"integer"}}}}}},
   "400":{"description":"RFC 6749 section 5.2.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/TokenError"}}}},
   "401":{"description":"RFC 6749 section 5.2: invalid_client.","headers":{"WWW-Authenticate":{"schema":{"type":"string"}}},"content":{"application/json":{"schema":{"$ref":"#/components/schemas/TokenError"}}}}}}},
 "/openapi.json":{"get":{"security":[],"summary":"This description.","responses":{"200":{"description":"OpenAPI 3.1","content":{"application/json":{"schema":{"type":"object"}}}}}}},
 "/v1/notifications":{"post":{"summary":"Asks for a notification. 202 and 200 mean: it is on disk.",
  "parameters":[{"name":"Idempotency-Key","in":"header","schema":{"type":"string","minLength":1,"maxLength":255}},{"$ref":"#/components/parameters/prefer"}],
  "requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Notification"}}}},
  "responses":{"200":{"$ref":"#/components/responses/View"},"202":{"$ref":"#/components/responses/View"}}}},
 "/v1/notifications/{id}":{
  "parameters":[{"$ref":"#/components/parameters/id"}],
  "get":{"summary":"Its fate, with milestones.","parameters":[{"$ref":"#/components/parameters/prefer"}],"responses":{"200":{"$ref":"#/components/responses/View"}}},
  "delete":{"summary":"Takes it back, if it has not left.","responses":{"200":{"$ref":"#/components/responses/View"}}}},
 "/v1/devices/{device}":{
  "parameters":[{"$ref":"#/components/parameters/device"}],
  "put":{"security":[{"oauth2":[]},{"basic":[]}],"summary":"Registers a device, field by field: what is not named stays.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Device"}}}},"responses":{"200":{"$ref":"#/components/responses/Device"}}},
  "patch":{"security":[{"oauth2":[]},{"basic":[]}],"summary":"Says that the app went off screen or came back.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Mode"}}}},"responses":{"200":{"$ref":"#/components/responses/Device"}}},
  "delete":{"security":[{"oauth2":[]},{"basic":[]}],"summary":"Signs it out.","parameters":[{"name":"account","in":"query","schema":{"type":"string"},"description":"Of this account only; else every account on it."}],"responses":{"204":{"description":"Gone"}}}},
 "/v1/receipts":{"post":{"summary":"The client has shown itself.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Receipt"}}}},"responses":{"200":{"$ref":"#/components/responses/View"}}}},
 "/v1/providers":{"get":{"summary":"The providers that there is a usable credential for.","responses":{"200":{"description":"Their names, and the environments of apns","content":{"application/json":{"schema":{"type":"object","required":["providers"],"properties":{"providers":{"type":"array","items":{"type":"string"}},"apns":{"type":"array","items":{"type":"string"}}}}}}}}}}
}})json";

std::vector<OpenapiOperation> operations() {
  return {
      {"/oauth2/token", "post", {}},
      {"/openapi.json", "get", {}},
      {"/v1/notifications",
       "post",
       {"malformed", "invalid-header", "unauthorised", "invalid-field", "idempotency-key-reused", "no-such-device",
        "no-token", "token-dead", "no-credential", "unfit-target", "payload-too-large", "voip-is-for-calls",
        "service-not-used", "too-many-open", "overloaded", "storage"}},
      {"/v1/notifications/{id}", "get", {"unauthorised", "not-found", "overloaded", "storage"}},
      {"/v1/notifications/{id}", "delete", {"unauthorised", "not-found", "overloaded", "storage"}},
      {"/v1/devices/{device}",
       "put",
       {"malformed", "unauthorised", "not-found", "invalid-field", "too-many-devices", "too-many-guesses", "overloaded",
        "storage"}},
      {"/v1/devices/{device}",
       "patch",
       {"malformed", "unauthorised", "not-found", "invalid-field", "no-such-device", "too-many-guesses", "overloaded",
        "storage"}},
      {"/v1/devices/{device}",
       "delete",
       {"unauthorised", "not-found", "invalid-field", "too-many-guesses", "overloaded", "storage"}},
      {"/v1/receipts", "post", {"malformed", "unauthorised", "not-found", "invalid-field", "overloaded", "storage"}},
      {"/v1/providers", "get", {"unauthorised"}},
  };
}

}  // namespace

std::string_view push_openapi() {
  static std::string const text = with_problems(written, operations());
  return text;
}

}  // namespace reveille::arrive
