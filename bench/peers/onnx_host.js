'use strict';
// ONNX Runtime behind a pipe: reads a line of JSON and tensors, answers with times and the output. usage: node onnx_host.js FOLDER-OF-THE-PACKAGE
const fs = require('fs');
const path = require('path');
const ort = require(path.join(process.argv[2], 'node_modules', 'onnxruntime-node'));

let pending = Buffer.alloc(0);
function readMore() {
  const chunk = Buffer.allocUnsafe(1 << 20);
  const count = fs.readSync(0, chunk, 0, chunk.length, null);
  return chunk.subarray(0, count);
}
function readLine() {
  for (;;) {
    const end = pending.indexOf(10);
    if (end >= 0) {
      const line = pending.toString('utf8', 0, end);
      pending = pending.subarray(end + 1);
      return line;
    }
    const more = readMore();
    if (more.length === 0) return null;
    pending = Buffer.concat([pending, more]);
  }
}
function readBytes(count) {
  const memory = new ArrayBuffer(count);
  const bytes = Buffer.from(memory);
  let filled = pending.copy(bytes, 0, 0, Math.min(count, pending.length));
  pending = pending.subarray(filled);
  while (filled < count) {
    const more = fs.readSync(0, bytes, filled, count - filled, null);
    if (more === 0) throw new Error('the request ends early');
    filled += more;
  }
  return memory;
}
function write(bytes) {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(1, bytes, at);
}
function answer(fields, bytes) {
  write(Buffer.from(JSON.stringify(bytes ? {...fields, bytes: bytes.length} : fields) + '\n'));
  if (bytes) write(bytes);
}

// [b][first][second][d] to [b][second][first][d].
function exchanged(from, b, first, second, d) {
  const to = new Float32Array(from.length);
  for (let n = 0; n < b; ++n)
    for (let x = 0; x < first; ++x)
      for (let y = 0; y < second; ++y) {
        const source = ((n * first + x) * second + y) * d;
        to.set(from.subarray(source, source + d), ((n * second + y) * first + x) * d);
      }
  return to;
}

const visible = {
  causal: () => (i, j) => j <= i,
  window: ({scalars}) => (i, j) => j <= i && i - j < scalars.w,
  documents: (_, {doc}) => (i, j) => j <= i && doc[i] === doc[j],
  prefix: (_, {prompt}) => (i, j) => j < prompt[0] || j <= i,
  streaming: ({scalars}) => (i, j) => j <= i && (j < scalars.sinks || i - j < scalars.w),
  chunked: ({scalars}) => (i, j) => j <= i && Math.floor(i / scalars.c) === Math.floor(j / scalars.c),
  checkerboard: () => (i, j) => (i + j) % 2 === 0,
  table: ({sizes}, {allowed}) => (i, j) => allowed[i * sizes.J + j] !== 0,
};
const added = {
  alibi: (_, {slopes}) => (h, i, j) => slopes[h] * (j - i),
  t5: (_, {relative}) => (h, i, j) => relative.rows[h][j - i + relative.origin],
  toeplitz: ({sizes}, {bias}) => (h, i, j) => bias[h * (sizes.I + sizes.J - 1) + i - j + sizes.J - 1],
  forgetting: ({sizes}, {decay}) => (h, i, j) => decay[h * sizes.I + i] - decay[h * sizes.I + j],
};

function t5Rows({sizes}, bias) {
  const buckets = bias.length / sizes.H, near = Math.floor(buckets / 4), far = 128, origin = sizes.I - 1, rows = [];
  for (let h = 0; h < sizes.H; ++h) {
    const row = new Float32Array(sizes.I + sizes.J - 1);
    for (let at = 0; at < row.length; ++at) {
      const distance = Math.abs(at - origin);
      const log = Math.trunc(Math.fround(Math.log(distance / near)) / Math.fround(Math.log(far / near)) * near);
      const bucket = distance < near ? distance : Math.min(near + log, 2 * near - 1);
      row[at] = bias[h * buckets + bucket + (at > origin ? 2 * near : 0)];
    }
    rows.push(row);
  }
  return {rows, origin};
}

function pairs(job, tables) {
  const {H, I, J} = job.sizes, made = {};
  if (job.mask !== 'none' && job.mask !== 'causal') {
    const sees = visible[job.mask](job, tables);
    made.mask = new Uint8Array(I * J);
    for (let i = 0; i < I; ++i) for (let j = 0; j < J; ++j) made.mask[i * J + j] = sees(i, j) ? 1 : 0;
  }
  if (job.score === 'full') {
    made.bias = tables.bias;
  } else if (job.score !== 'none' && job.score !== 'softcap') {
    const term = added[job.score](job, job.score === 't5' ? {relative: t5Rows(job, tables.bias)} : tables);
    made.bias = new Float32Array(H * I * J);
    for (let h = 0, at = 0; h < H; ++h) for (let i = 0; i < I; ++i) for (let j = 0; j < J; ++j) made.bias[at++] = term(h, i, j);
  }
  return made;
}

const arrays = {f32: Float32Array, i32: Int32Array, bool: Uint8Array};
let job = null, tensors = null, made = null;

async function measure(request, model) {
  const {B, H, G, I, J, D} = job.sizes;
  const session = await ort.InferenceSession.create(new Uint8Array(model), {
    executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
  });
  const contents = {
    q: request.heads_first ? tensors.q : exchanged(tensors.q, B, H, I, D),
    k: request.heads_first ? tensors.k : exchanged(tensors.k, B, G, J, D),
    v: request.heads_first ? tensors.v : exchanged(tensors.v, B, G, J, D),
    last: new Int32Array(B).fill(J - 1), total: new Int32Array([J]), ...made,
  };
  const types = {mask: 'bool', last: 'int32', total: 'int32'}, feeds = {};
  for (const [name, shape] of request.inputs) feeds[name] = new ort.Tensor(types[name] || 'float32', contents[name], shape);
  const shape = request.heads_first ? [B, H, I, D] : [B, I, H * D];
  const output = new Float32Array(B * H * I * D);
  const fetches = {y: new ort.Tensor('float32', output, shape)};
  const times = [];
  const once = async () => {
    const begin = process.hrtime.bigint();
    const result = await session.run(feeds, fetches);
    const took = Number(process.hrtime.bigint() - begin) / 1e6;
    return {result, took};
  };
  let {result, took} = await once();
  if (took > request.slow_ms) times.push(took);
  for (let spent = took; times.length === 0 || (took <= request.slow_ms && (times.length < request.least || spent < request.budget_ms));) {
    took = (await once()).took;
    times.push(took);
    spent += took;
  }
  const y = result.y.data;
  const content = request.heads_first ? y : exchanged(y, B, I, H, D);
  await session.release();
  answer({times}, Buffer.from(content.buffer, content.byteOffset, content.byteLength));
}

async function main() {
  answer({version: require(path.join(process.argv[2], 'node_modules', 'onnxruntime-node', 'package.json')).version});
  for (let line = readLine(); line !== null; line = readLine()) {
    const request = JSON.parse(line);
    try {
      const contents = request.bytes.map(readBytes);
      if (request.job) {
        job = request.job;
        tensors = {};
        request.tensors.forEach(([name, element], n) => { tensors[name] = new arrays[element](contents[n]); });
        made = pairs(job, tensors);
        answer({});
      } else {
        await measure(request, contents[0]);
      }
    } catch (problem) {
      answer({failure: String(problem.message || problem)});
    }
  }
}
main();
