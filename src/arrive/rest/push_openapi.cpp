// The description of the push service's API that GET /openapi.json gives. A change of push_json.cpp is a change here.
#include "arrive/rest/push_door.hpp"

namespace reveille::arrive {

std::string_view push_openapi() {
  return R"json({
"openapi":"3.1.0",
"info":{"title":"Reveille push service","version":"1","description":"Asks provider clouds to wake phones. Errors are application/problem+json with type urn:reveille:problem:NAME."},
"components":{
 "securitySchemes":{"basic":{"type":"http","scheme":"basic","description":"A user, where this process is his server too: his own devices, and `account` may be left out."},"oauth2":{"type":"oauth2","flows":{"clientCredentials":{"tokenUrl":"/oauth2/token","scopes":{}}}}},
 "schemas":{
  "Notification":{"type":"object","additionalProperties":false,"required":["class"],"properties":{
   "device":{"type":"string","format":"uuid","description":"A registered device; or name a target."},
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
   "milestones":{"type":"array","items":{"type":"object"}}}},
  "Device":{"type":"object","additionalProperties":false,"required":["account"],"properties":{
   "account":{"type":"string"},"app":{"type":"string"},"platform":{"enum":["ios","android","other"]},"os_version":{"type":"string"},
   "provider":{"enum":["apns","fcm","webpush"]},"environment":{"enum":["production","sandbox"]},"team":{"type":"string"},"project":{"type":"string"},
   "channels":{"type":"object","properties":{"layout":{"enum":["shared","split"]},"voip":{"type":"object","properties":{"token":{"type":"string"}}},"message":{"type":"object","properties":{"token":{"type":"string"}}}}},
   "services":{"type":"array","items":{"enum":["call","im"]}},"away_in_background":{"type":"boolean"},"mode":{"enum":["foreground","background"]},
   "content_key":{"type":"object","properties":{"kid":{"type":"string"},"k":{"type":"string","description":"32 bytes, base64url"}}}}}}},
"security":[{"oauth2":[]}],
"paths":{
 "/oauth2/token":{"post":{"security":[],"summary":"Client credentials (RFC 6749 section 4.4), by HTTP Basic or in the form.","responses":{"200":{"description":"{access_token, token_type, expires_in}"},"400":{"description":"{error}"},"401":{"description":"{error: invalid_client}"}}}},
 "/v1/notifications":{"post":{"summary":"Asks for a notification. 202 and 200 mean: it is on disk.","parameters":[{"name":"Idempotency-Key","in":"header","schema":{"type":"string","maxLength":255}},{"name":"Prefer","in":"header","schema":{"type":"string"},"description":"wait=SECONDS, at most 60"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Notification"}}}},"responses":{"200":{"description":"With a final word of the provider","content":{"application/json":{"schema":{"$ref":"#/components/schemas/View"}}}},"202":{"description":"Accepted"},"400":{"description":"Problem"},"422":{"description":"The key came with another body, or no credential fits"}}}},
 "/v1/notifications/{id}":{"get":{"summary":"Its fate, with milestones.","responses":{"200":{"description":"View"},"404":{"description":"Problem"}}},"delete":{"summary":"Takes it back, if it has not left.","responses":{"200":{"description":"View"},"404":{"description":"Problem"}}}},
 "/v1/devices/{device}":{"put":{"security":[{"oauth2":[]},{"basic":[]}],"summary":"Registers a device, field by field.","requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Device"}}}},"responses":{"200":{"description":"The device"}}},"patch":{"security":[{"oauth2":[]},{"basic":[]}],"summary":"Sets its mode: {mode}, and the account where the device has several.","responses":{"200":{"description":"The device"},"422":{"description":"There is no such device, or several accounts use it and none is named"}}},"delete":{"security":[{"oauth2":[]},{"basic":[]}],"summary":"Signs it out.","responses":{"204":{"description":"Gone"}}}},
 "/v1/receipts":{"post":{"summary":"The client has shown itself.","responses":{"200":{"description":"View"}}}},
 "/v1/providers":{"get":{"summary":"The providers that there is a usable credential for.","responses":{"200":{"description":"{providers, apns}: names, and the environments of apns"}}}}
}})json";
}

}  // namespace reveille::arrive
