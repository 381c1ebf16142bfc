// k6's users: the same mix as load/traffic.py, from load/mix.json.
//
//   REGISTRY_TOKEN=… k6 run -e BASE_URL=http://127.0.0.1:8000 -e CLIENTS=100 -e SECONDS=30 load/mix.js
//
// Environment: RATE (open arrivals per second instead of closed clients), IDS (a file with one id per line; default:
// the first page of the listing), RESULT (a file for the raw result), TARGET (the target of mix.json that sets the exit
// code; default floor).

import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import { SharedArray } from 'k6/data';

const mix = JSON.parse(open('./mix.json'));
const base = __ENV.BASE_URL || 'http://127.0.0.1:8000';
const seconds = Number(__ENV.SECONDS || 30);
const clients = Number(__ENV.CLIENTS || 100);
const limits = mix.targets[__ENV.TARGET || 'floor'];
const seeded = new SharedArray('ids', () => (__ENV.IDS ? open(__ENV.IDS).trim().split('\n') : []));
const routes = { regex: '/package/byRegEx', rate: '/package/{package_id}/rate' };
const content = 'x'.repeat(mix.content_bytes);
const own = []; // this user's packages, as [id, name]

const times = new Trend('mix_ms', true);
const failures = new Counter('mix_failures');
const byOperation = {};
// A rating that is only queued is another thing than one that is there, and so are bytes and the address of bytes.
const named = { 'rate 202': 'rate_queued', 'download 307': 'download_redirected' };
const operations = [...Object.keys(mix.weights), ...Object.values(named)];
for (const operation of operations) {
  byOperation[operation] = new Trend(`op_${operation}`, true);
}

export const options = {
  scenarios: {
    mix: __ENV.RATE
      ? {
          executor: 'constant-arrival-rate',
          rate: Number(__ENV.RATE),
          timeUnit: '1s',
          duration: `${seconds}s`,
          preAllocatedVUs: clients,
        }
      : { executor: 'constant-vus', vus: clients, duration: `${seconds}s` },
  },
  thresholds: {
    mix_ms: [`avg<${limits.mean_ms}`, `p(95)<${limits.p95_ms}`],
    mix_failures: [`count<=${Math.floor(limits.error_share * limits.per_second * seconds)}`],
    http_reqs: [`rate>${limits.per_second}`],
  },
  summaryTrendStats: ['count', 'avg', 'med', 'p(95)', 'p(99)', 'max'],
  systemTags: ['status', 'method'],
};

export function setup() {
  const served = http.get(`${base}/openapi.json`).json().paths;
  const weights = Object.entries(mix.weights).filter(([name]) => !routes[name] || served[routes[name]]);
  const ids = seeded.length
    ? []
    : http.get(`${base}/packages?limit=200`, signed()).json().items.map((item) => item.id);
  return { weights, ids };
}

export default function (prepared) {
  const ids = seeded.length ? seeded : prepared.ids;
  const id = ids[Math.floor(Math.random() * ids.length)];
  let operation = pick(prepared.weights);
  if ((operation === 'replace' || operation === 'delete') && !own.length) operation = 'publish';
  switch (operation) {
    case 'read':
      return seen(operation, http.get(`${base}/package/${id}`, signed()), 200);
    case 'list':
      return seen(operation, http.get(`${base}/packages?limit=${mix.page}`, signed()), 200);
    case 'download':
      return seen(operation, http.get(`${base}/package/${id}/content`, signed()), 200, 307);
    case 'rate':
      return seen(operation, http.get(`${base}/package/${id}/rate`, signed()), 200, 202);
    case 'regex':
      return seen(operation, send('POST', '/package/byRegEx', JSON.stringify({ regex: mix.regex })), 200);
    case 'publish':
      return publish();
    case 'replace': {
      const [mine, name] = own[Math.floor(Math.random() * own.length)];
      return seen(operation, send('PUT', `/package/${mine}`, JSON.stringify(metadata(name))), 200);
    }
    case 'delete':
      return seen(operation, http.del(`${base}/package/${own.pop()[0]}`, null, signed()), 204);
  }
}

function publish() {
  const name = `load-k6-${__ENV.RUN || Date.now()}-${__VU}-${__ITER}`;
  const frame = 'registry-load-boundary';
  const part = (title, type, body) =>
    `--${frame}\r\nContent-Disposition: form-data; name="${title}"\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const file = 'content"; filename="model.bin';
  const body =
    part('metadata', 'application/json', JSON.stringify(metadata(name))) +
    part(file, 'application/octet-stream', content) +
    `--${frame}--\r\n`;
  const answer = send('POST', '/package', body, `multipart/form-data; boundary=${frame}`);
  seen('publish', answer, 201);
  if (answer.status === 201) own.push([answer.json('id'), name]);
}

function metadata(name) {
  return { name, version: '1.0.0', type: 'model', description: 'A model of the load test.', tags: ['load'] };
}

function pick(weights) {
  let rest = Math.random() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of weights) {
    rest -= weight;
    if (rest < 0) return name;
  }
  return weights[0][0];
}

function signed(type) {
  const headers = { Authorization: `Bearer ${__ENV.REGISTRY_TOKEN}` };
  if (type) headers['Content-Type'] = type;
  return { headers, redirects: 0 };
}

function send(method, path, body, type = 'application/json') {
  return http.request(method, `${base}${path}`, body, signed(type));
}

function seen(operation, answer, ...expected) {
  // From sending the request to the last byte of the answer, as the other generators count.
  const spent = answer.timings.duration;
  times.add(spent);
  byOperation[named[`${operation} ${answer.status}`] || operation].add(spent);
  if (!expected.includes(answer.status)) failures.add(1, { operation, status: String(answer.status) });
}

// Whether the limits of each target are kept; the exit code is about one of them.
function verdicts(values, failed) {
  const kept = {};
  for (const [name, limit] of Object.entries(mix.targets)) {
    kept[name] =
      values.avg < limit.mean_ms &&
      values['p(95)'] < limit.p95_ms &&
      failed / values.count <= limit.error_share &&
      values.count / seconds > limit.per_second;
  }
  return kept;
}

export function handleSummary(data) {
  const found = { '': data.metrics.mix_ms };
  for (const operation of operations) found[operation] = data.metrics[`op_${operation}`];
  const summaries = {};
  for (const [name, metric] of Object.entries(found)) {
    if (!metric || !metric.values.count) continue;
    const { count, avg, med, max } = metric.values;
    summaries[name] = {
      count, mean_ms: avg, p50_ms: med, p95_ms: metric.values['p(95)'], p99_ms: metric.values['p(99)'], most_ms: max,
    };
  }
  const failed = data.metrics.mix_failures ? data.metrics.mix_failures.values.count : 0;
  const dropped = data.metrics.dropped_iterations ? data.metrics.dropped_iterations.values.count : 0;
  const result = { operations: summaries, failed, dropped, kept: verdicts(data.metrics.mix_ms.values, failed) };
  const files = { stdout: `${JSON.stringify(result.operations[''])}\n` };
  if (__ENV.RESULT) files[__ENV.RESULT] = JSON.stringify(result);
  return files;
}
