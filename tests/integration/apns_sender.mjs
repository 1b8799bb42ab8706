// Sends notifications with node-apn, a provider library that is not ours.
// Input: one JSON object on standard input: {host,port,ca,key,keyId,team,requests:[{token,topic,pushType,priority,expiry,
// collapseId,id,payload}],parallel}. Output: one JSON array, an entry for each request: {sent:true} or {status,reason,error}.
import { readFileSync } from 'node:fs';
import apn from '@parse/node-apn';

const job = JSON.parse(readFileSync(0, 'utf8'));
const provider = new apn.Provider({
  token: { key: job.key, keyId: job.keyId, teamId: job.team },
  address: job.host,
  port: job.port,
  ca: [readFileSync(job.ca)],
  rejectUnauthorized: true,
  connectionRetryLimit: 1,
});

function notificationOf(request) {
  const notification = new apn.Notification();
  notification.topic = request.topic;
  if (request.pushType) notification.pushType = request.pushType;
  if (request.priority !== undefined) notification.priority = request.priority;
  if (request.expiry !== undefined) notification.expiry = request.expiry;
  if (request.collapseId) notification.collapseId = request.collapseId;
  if (request.id) notification.id = request.id;
  notification.rawPayload = request.payload;
  return notification;
}

async function send(request) {
  const { sent, failed } = await provider.send(notificationOf(request), request.token);
  if (sent.length > 0) return { sent: true };
  const [{ status, response, error }] = failed;
  return { status, reason: response?.reason, timestamp: response?.timestamp, error: error?.message };
}

// In parallel, but for the first: Node sends before it has heard the server's SETTINGS, and APNs begins with one stream.
const answers = [await send(job.requests[0])];
if (job.parallel) answers.push(...(await Promise.all(job.requests.slice(1).map(send))));
else for (const request of job.requests.slice(1)) answers.push(await send(request));
provider.shutdown();
console.log(JSON.stringify(answers));
