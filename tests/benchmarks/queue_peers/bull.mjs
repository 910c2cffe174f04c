// BullMQ, as its documentation shows it: reads commands as JSON lines, answers each with one.
//
//   single {count}            adds one after the other          -> seconds
//   bulk {count, batch}       adds a batch at a time            -> seconds
//   pause                     lets nothing be taken
//   work {concurrency, ms}    starts a worker; a job takes ms
//   drain {count}             resumes, waits for all to be done -> seconds
//   spaced {count, pause_ms}  adds one every so often           -> when each was added, in ns
//   runs                                                        -> [n, when it began in ns] of each run
//   counts                                                      -> jobs by state

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, port] = process.argv.slice(2);
const { MetricsTime, Queue, Worker } = createRequire(`${folder}/`)('bullmq');
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const queue = new Queue('bench', {
  connection,
  defaultJobOptions: {
    attempts: 3,
    backoff: { type: 'exponential', delay: 1000 },
    removeOnComplete: { count: 100, age: 24 * 3600 },
    removeOnFail: { count: 500, age: 7 * 24 * 3600 },
  },
});
const runs = [];
let worker, done = 0, told;

const seconds = async (work) => {
  const began = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - began) / 1e9;
};

const commands = {
  single: ({ count }) => seconds(async () => {
    for (let n = 0; n < count; n++) await queue.add('job', { n });
  }),
  bulk: ({ count, batch }) => seconds(async () => {
    for (let first = 0; first < count; first += batch) {
      const size = Math.min(batch, count - first);
      await queue.addBulk(Array.from({ length: size }, (_, i) => ({ name: 'job', data: { n: first + i } })));
    }
  }),
  pause: () => queue.pause(),
  async work({ concurrency, ms }) {
    const run = async (job) => {
      runs.push([job.data.n, Number(process.hrtime.bigint())]);
      if (ms) await sleep(ms);
    };
    worker = new Worker('bench', run, { connection, concurrency, metrics: { maxDataPoints: MetricsTime.ONE_WEEK } });
    worker.on('completed', () => { done++; told?.(); });
    await worker.waitUntilReady();
  },
  drain: ({ count }) => seconds(async () => {
    const all = new Promise((resolve) => { told = () => done >= count && resolve(); });
    await queue.resume();
    await all;
  }),
  async spaced({ count, pause_ms }) {
    const added = [];
    for (let n = 0; n < count; n++) {
      await sleep(pause_ms);
      added.push(Number(process.hrtime.bigint()));
      await queue.add('job', { n });
    }
    return added;
  },
  runs: () => runs,
  counts: () => queue.getJobCounts(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { what, ...options } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify((await commands[what](options)) ?? null)}\n`);
}
await worker?.close();
await queue.close();
