// What the server sends is judged by the verifiers of Standard Webhooks (npm and PyPI), what it says of it (/asyncapi.json) by the AsyncAPI parser.
//
//   node judge.mjs        Environment: CLIENTELA_URL, CLIENTELA_REST, CLIENTELA_TOKEN, PYTHON
import { Parser } from '@asyncapi/parser';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const { CLIENTELA_URL: url, CLIENTELA_REST: rest, CLIENTELA_TOKEN: token, PYTHON: python = 'python3' } = process.env;
let [passed, failed] = [0, 0];
const judge = (what, holds, more = '') => {
  if (holds) passed += 1;
  else {
    failed += 1;
    console.log(`failed: ${what} ${more}`);
  }
};

const call = async (method, path, body) => {
  const answer = await fetch(`${rest}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
};

// Somebody who listens, and answers badly to whatever comes first.
const heard = [];
const receiver = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    heard.push({ headers: request.headers, body: Buffer.concat(pieces).toString('utf8') });
    response.writeHead(heard.length === 1 ? 503 : 204).end();
  });
});
await new Promise((ready) => receiver.listen(0, '127.0.0.1', ready));
const address = `http://127.0.0.1:${receiver.address().port}/`;
const until = async (holds) => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 400) throw new Error(`it never came to it: ${heard.length} messages`);
    await new Promise((later) => setTimeout(later, 50));
  }
};

const endpoint = await call('POST', '/webhook-endpoints', { name: 'Judge', url: address, events: ['account.*'] });
const account = await call('POST', '/accounts', { name: 'Käserei "Zürich" 🧀' });
await call('PATCH', `/accounts/${account.id}`, { name: 'Käserei' });
await until(() => heard.length >= 3);
const { secret } = await call('POST', `/webhook-endpoints/${endpoint.id}/rotate-secret`, {});
await call('PATCH', `/webhook-endpoints/${endpoint.id}`, { format: 'CLOUDEVENTS' });
await call('DELETE', `/accounts/${account.id}`);
await until(() => heard.length >= 4);
await call('DELETE', `/webhook-endpoints/${endpoint.id}`);
receiver.close();

const versions = heard.map((message) => JSON.parse(message.body).data.version);
judge('the changes come in order, the first one twice', `${versions}` === '1,1,2,3', `${versions}`);
judge('another attempt is the same message', heard[0].headers['webhook-id'] === heard[1].headers['webhook-id']);
const verified = (message, known) => {
  try {
    new Webhook(known).verify(message.body, message.headers);
    return true;
  } catch {
    return false;
  }
};
const other = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const asked = [];
heard.forEach((message, index) => {
  const secrets = index === 3 ? [endpoint.secret, secret] : [endpoint.secret];
  const changed = { ...message, body: message.body.replace('account', 'acc0unt') };
  for (const known of secrets) {
    judge(`message ${index} holds (npm)`, verified(message, known));
    asked.push([`message ${index} holds (PyPI)`, 'true', { ...message, secret: known }]);
  }
  judge(`message ${index} with another body does not hold (npm)`, !verified(changed, endpoint.secret));
  judge(`message ${index} with another secret does not hold (npm)`, !verified(message, other));
  asked.push([`message ${index} with another body does not hold (PyPI)`, 'false', { ...changed, secret: endpoint.secret }]);
});
const lines = asked.map(([, , message]) => JSON.stringify(message)).join('\n');
const answers = spawnSync(python, ['verify.py'], { input: `${lines}\n`, encoding: 'utf8' }).stdout.trim().split('\n');
asked.forEach(([what, wanted], index) => judge(what, (answers[index] ?? '').startsWith(wanted), answers[index]));
const event = JSON.parse(heard[3].body);
judge('a CloudEvents event has its attributes', event.specversion === '1.0' && event.type === 'account.deleted' && event.subject === account.id);

// The other way round: what the standard's library signs is taken in, once, and carried out.
const step = { upsert: 'account', key: { system: 'judge', column: '/number' }, fields: { name: '/name' } };
const source = await call('POST', '/inbox-sources', { name: 'Judge', mapping: JSON.stringify({ rules: [{ do: [step] }] }) });
const sent = JSON.stringify({ number: 4711, name: 'Käserei "Zürich" 🧀' });
const sendSigned = (key) => {
  const now = new Date();
  const signature = new Webhook(key).sign('msg_judge', now, sent);
  const headers = { 'webhook-id': 'msg_judge', 'webhook-timestamp': `${Math.floor(now / 1000)}`, 'webhook-signature': signature };
  return fetch(`${rest}/inbox/${source.id}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: sent });
};
judge('an event signed with another secret is refused', (await sendSigned(other)).status === 401);
const taken = await sendSigned(source.secret);
judge('a signed event is taken', taken.status === 202, `${taken.status}`);
judge('and taken once', (await sendSigned(source.secret)).status === 200);
const { id } = await taken.json();
let kept;
for (let tries = 0; tries < 200 && (kept?.status ?? 'RECEIVED') === 'RECEIVED'; tries += 1) {
  await new Promise((later) => setTimeout(later, 50));
  kept = await call('GET', `/inbox-events/${id}`);
}
judge('it is carried out', kept.status === 'PROCESSED' && kept.body === sent, JSON.stringify(kept));

// The contract, and the messages by it.
const text = await (await fetch(`${url.replace(/\/$/, '')}/asyncapi.json`)).text();
const { events } = await call('POST', '/webhook-endpoints/events', {});
const { document, diagnostics } = await new Parser().parse(text);
const problems = diagnostics.filter((problem) => problem.severity <= 1);
judge('the AsyncAPI document parses without errors and warnings', document !== undefined && problems.length === 0, JSON.stringify(problems.slice(0, 5), null, 1));
if (document) {
  const names = new Set(document.allMessages().all().map((message) => message.name()));
  judge('every event stands in it', events.length > 200 && events.every(({ event: name }) => names.has(name)), `${events.length} of ${names.size}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
