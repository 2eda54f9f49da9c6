// Subscriptions by the clients graphql-ws and graphql-sse, and the feed by an EventSource: each hears of a change at once, goes on behind the last event after a
// break, and is told what is wrong.
import { createClient as createSocket } from 'graphql-ws';
import { createClient as createStream } from 'graphql-sse';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';
import assert from 'node:assert/strict';

const { CLIENTELA_URL: url, CLIENTELA_GRAPHQL: graphql, CLIENTELA_TOKEN: token } = process.env;
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const subscription = 'subscription Followed($after: String) { accountChanged(after: $after) { kind id cursor record { name } } }';
const PATIENCE = 10_000;

async function make(name) {
  const response = await fetch(`${url}/v1/accounts`, { method: 'POST', headers, body: JSON.stringify({ name }) });
  assert.equal(response.status, 201);
  return (await response.json()).id;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function soon(promise, what) {
  const late = pause(PATIENCE).then(() => assert.fail(`nothing after ${PATIENCE} ms: ${what}`));
  return Promise.race([promise, late]);
}

// The next result of an async iterator.
async function next(results, what) {
  const { value, done } = await soon(results.next(), what);
  assert.ok(!done, what);
  return value;
}

async function follows(client, what) {
  const results = client.iterate({ query: subscription });
  const first = next(results, `${what}: the first event`);
  await pause(500);
  const made = await make(`${what} 1`);
  const event = (await first).data.accountChanged;
  assert.deepEqual([event.kind, event.id, event.record.name], ['CREATED', made, `${what} 1`]);
  await results.return();
  const missed = await make(`${what} 2`);
  const again = client.iterate({ query: subscription, variables: { after: event.cursor } });
  assert.equal((await next(again, `${what}: what was missed`)).data.accountChanged.id, missed);
  await again.return();
  const query = client.iterate({ query: '{ accounts(first: 1) { nodes { id } } }' });
  assert.equal((await next(query, `${what}: a query`)).data.accounts.nodes.length, 1);
  assert.ok((await query.next()).done, `${what}: a query is answered once`);
  console.log(`${what}: ok`);
}

const socket = createSocket({ url: graphql.replace(/^http/, 'ws'), webSocketImpl: WebSocket, connectionParams: { Authorization: `Bearer ${token}` }, retryAttempts: 0 });
await follows(socket, 'graphql-ws');
await assert.rejects(async () => next(socket.iterate({ query: 'subscription { accountChanged { shoe } }' }), 'a wrong field').then((result) => {
  if (result.errors) throw result.errors;
}));
await socket.dispose();

const stranger = createSocket({ url: graphql.replace(/^http/, 'ws'), webSocketImpl: WebSocket, connectionParams: { Authorization: 'Bearer x' }, retryAttempts: 0 });
await assert.rejects(async () => next(stranger.iterate({ query: subscription }), 'a wrong token'));
console.log('graphql-ws: a wrong token is refused');

const stream = createStream({ url: graphql, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
await follows(stream, 'graphql-sse');
stream.dispose();

// The feed, as a browser follows it.
const withToken = (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
const source = new EventSource(`${url}/v1/changes/stream?resources=account&after=now`, { fetch: withToken });
const events = [];
let heard = () => {};
source.addEventListener('change', (event) => {
  events.push(event);
  heard();
});
const until = (count, what) =>
  soon(
    new Promise((resolve) => {
      heard = () => events.length >= count && resolve();
      heard();
    }),
    what,
  );
await soon(new Promise((resolve) => source.addEventListener('open', resolve)), 'the stream opens');
const first = await make('EventSource 1');
await until(1, 'an event');
assert.equal(JSON.parse(events[0].data).id, first);
source.close();
const second = await make('EventSource 2');
const resumed = new EventSource(`${url}/v1/changes/stream?resources=account`, {
  fetch: (input, init) => withToken(input, { ...init, headers: { ...init.headers, 'last-event-id': events[0].lastEventId } }),
});
await soon(
  new Promise((resolve) =>
    resumed.addEventListener('change', (event) => {
      assert.equal(JSON.parse(event.data).id, second);
      resolve();
    }),
  ),
  'what was missed',
);
resumed.close();
console.log('EventSource: ok');
