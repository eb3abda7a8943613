// An agent of the tests that is spoken to in JSON lines. Its prompt is a list of words, one a line,
// which it obeys one after the other. It is an argument of settings, so it may hold none of their
// placeholders.
import { createInterface } from 'node:readline';

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const message = (text) => say({ type: 'message', text });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const taken = new Set();
const state = { interrupted: false };
let onInterrupt = () => undefined;
const interruption = new Promise((resolve) => (onInterrupt = resolve));

const words = {
  say: (text) => message(text),
  long: (length) => message('x'.repeat(Number(length))),
  remember: (memory) => say({ type: 'memory', memory }),
  recall: (_, { memory }) => message(['I remember', String(memory)].join(' ')),
  prompt: (_, prompt) => message(`turn ${prompt.turn} of ${prompt.issue} with ${prompt.model}`),
  secret: () => {
    const token = process.env.TOKEN;
    say({ type: 'tool', text: `it is ${token}`, value: token, [token]: [{ in: `<${token}>` }] });
    console.log(`not JSON: ${token}`);
    console.error(`on the other stream: ${token}`);
  },
  'remember-secret': () => say({ type: 'memory', memory: `x${process.env.TOKEN}` }),
  stderr: (text) => console.error(text),
  raw: (text) => process.stdout.write(`${text}\n`),
  deep: (levels) => {
    const [open, close] = ['[', ']'].map((bracket) => bracket.repeat(Number(levels)));
    process.stdout.write(`{"type":"message","text":"deep","more":${open}${close}}\n`);
  },
  'die-once': (code, { memory }) => {
    if (memory !== null) return message(['alive again with', memory].join(' '));
    say({ type: 'memory', memory: 'where it broke off' });
    return sleep(300).then(() => process.exit(Number(code)));
  },
  die: (code) => sleep(100).then(() => process.exit(Number(code))),
  endless: async (megabytes) => {
    const piece = 'x'.repeat(1024 * 1024);
    for (let at = 0; at < Number(megabytes); at += 1) {
      if (!process.stdout.write(piece)) await new Promise((go) => process.stdout.once('drain', go));
    }
    process.stdout.write('\n');
  },
  ticks: async () => {
    for (let n = 1; !state.interrupted; n += 1) {
      say({ type: 'message', text: `tick ${n}`, n });
      await sleep(10);
    }
  },
  wait: () => interruption,
  'never-end': () => new Promise(() => setInterval(() => undefined, 1000)),
};

async function obey(prompt) {
  for (const line of prompt.prompt.split('\n')) {
    const [word, ...rest] = line.split(' ');
    await words[word](rest.join(' '), prompt);
  }
  if (state.interrupted) message('interrupted');
  say({ type: 'result', status: state.interrupted ? 'failed' : 'succeeded' });
}

createInterface({ input: process.stdin }).on('line', (text) => {
  const line = JSON.parse(text);
  if (line.type === 'interrupt') {
    state.interrupted = true;
    onInterrupt();
  }
  if (line.type !== 'prompt' || taken.has(line.turn)) return;
  taken.add(line.turn);
  say({ type: 'notice', text: 'begun' });
  void obey(line);
});
