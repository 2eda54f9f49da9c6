// Runs the audit of the graphql-http package and fails on anything but a full pass, recommendations included.
//
//   node audit.mjs [URL] [TOKEN]
// Without arguments: CLIENTELA_GRAPHQL and CLIENTELA_TOKEN.
import { serverAudits } from 'graphql-http';

const url = process.argv[2] ?? process.env.CLIENTELA_GRAPHQL;
const token = process.argv[3] ?? process.env.CLIENTELA_TOKEN;
if (!url) {
  console.error('Usage: node audit.mjs URL [TOKEN]');
  process.exit(2);
}

const authorized = (address, options = {}) => {
  const headers = new Headers(options.headers);
  if (token) headers.set('authorization', `Bearer ${token}`);
  return fetch(address, { ...options, headers });
};

let failed = 0;
const audits = serverAudits({ url, fetchFn: authorized });
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== 'ok') {
    failed += 1;
    console.log(`${result.status}: ${audit.id} ${audit.name}: ${result.reason}`);
  }
}
console.log(`${audits.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && audits.length > 0 ? 0 : 1);
