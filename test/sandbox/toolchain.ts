import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

import type { ContainerCreateBody } from '../../src/sandbox/container-engine.js';

/** What the host's programs read beside `/usr`. */
const BESIDE = ['/etc/alternatives', '/etc/fonts', '/etc/chromium.d'];

/**
 * Puts the host's own programs into a sandbox, read-only, in the place of the image's: compilers, Python
 * and a browser, which no image of ours has. They need a libc of their own, so all of `/usr` is changed.
 */
export function withHostPrograms(body: ContainerCreateBody): void {
  const node = dirname(dirname(process.execPath));
  const wanted = ['/usr', ...BESIDE, ...(node.startsWith('/usr') ? [] : [node])];
  for (const path of wanted.filter((one) => existsSync(one))) {
    body.HostConfig.Mounts.push({
      Type: 'bind',
      Source: path,
      Target: path,
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate', NonRecursive: true },
    });
  }
  const path = `${node}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`;
  body.Env = body.Env.map((entry) => (entry.startsWith('PATH=') ? `PATH=${path}` : entry));
  // The engine's init has its place in the image's /usr.
  body.HostConfig.Init = false;
}

const NODE = `
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { Worker } from 'node:worker_threads';
const worker = new Worker('require("node:worker_threads").parentPort.postMessage(42)', { eval: true });
const said = async (name, value) => console.log(name, await value);
await said('worker', once(worker, 'message').then(([value]) => value));
await said('child', execFileSync('echo', ['child']).toString().trim());
fs.mkdirSync('/tmp/watched');
const watcher = fs.watch('/tmp/watched');
const change = once(watcher, 'change');
fs.writeFileSync('/tmp/watched/file', '');
await said('watch', change.then(([, file]) => file));
watcher.close();
await said('interfaces', Object.keys(os.networkInterfaces()).includes('lo'));
const server = net.createServer((socket) => socket.end('tcp')).listen(0, '127.0.0.1');
await once(server, 'listening');
const client = net.connect(server.address().port, '127.0.0.1');
await said('tcp', once(client, 'data').then(([data]) => String(data)));
server.close();
const named = net.createServer().listen('/tmp/node.sock');
await once(named, 'listening');
named.close();
const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1');
await once(udp, 'listening');
udp.close();
await said('lookup', dns.lookup('localhost').then(({ address }) => address));
`;

const PYTHON = `
import asyncio, multiprocessing, socket, subprocess, threading
from multiprocessing import shared_memory
def square(x): return x * x
if __name__ == '__main__':
    for kind in ('fork', 'spawn'):
        with multiprocessing.get_context(kind).Pool(2) as pool:
            assert pool.map(square, [1, 2, 3]) == [1, 4, 9]
    queue = multiprocessing.Queue(); queue.put(7); assert queue.get() == 7
    thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
    block = shared_memory.SharedMemory(create=True, size=10); block.close(); block.unlink()
    async def child(): assert await (await asyncio.create_subprocess_exec('true')).wait() == 0
    asyncio.run(child())
    assert socket.getaddrinfo('localhost', 80)
    assert ('lo' in [name for _, name in socket.if_nameindex()])
    print('python', 'done')
`;

const WHEEL = `
import zipfile
with zipfile.ZipFile('tiny-1-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('tiny.py', 'said = "wheel"')
    wheel.writestr('tiny-1.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('tiny-1.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n')
    wheel.writestr('tiny-1.dist-info/RECORD', '')
`;

const THREADS = `#include <iostream>
#include <thread>
int main() { std::thread one([] { std::cout << "compiled" << std::endl; }); one.join(); }
`;

const PAGE = 'data:text/html,<p id=p></p><script>p.textContent = 6 * 7</script>';

/** Each prints its name and then what is expected of it; a failure prints something else, with its reason. */
const TASKS: Readonly<Record<string, { script: string; expected: readonly string[] }>> = {
  node: {
    script: 'node node.mjs',
    expected: ['worker 42', 'child child', 'watch file', 'interfaces true', 'tcp tcp', 'lookup '],
  },
  python: { script: 'python3 tasks.py', expected: ['python done'] },
  venv: {
    script: `python3 -m venv --without-pip venv && venv/bin/python -c 'import sys; print(sys.prefix)'`,
    expected: ['/workspace/venv'],
  },
  pip: {
    script: `python3 wheel.py && python3 -m pip install -q --no-index --target site ./tiny-1-py3-none-any.whl && PYTHONPATH=site python3 -c 'import tiny; print(tiny.said)'`,
    expected: ['wheel'],
  },
  git: {
    script: `git init -q repo && cd repo && git config user.email a@b && git config user.name n && echo 1 > f && git add f && git commit -qm one && git gc -q && git clone -q file:///workspace/repo ../copy && git -C ../copy log --format=%s`,
    expected: ['one'],
  },
  compiler: {
    script: `printf 'all: threads\\nthreads: threads.cc\\n\\tg++ -O1 -pthread -o $@ $<\\n' > Makefile && make -s -j2 && ./threads`,
    expected: ['compiled'],
  },
  npm: {
    script: `mkdir -p package project && cd package && echo '{"name":"tiny","version":"1.0.0","main":"i.js","scripts":{"say":"node i.js"}}' > package.json && echo 'console.log("packed")' > i.js && npm run -s say && npm pack -s --offline && cd ../project && echo '{"name":"p","version":"1.0.0"}' > package.json && npm install -s --offline --no-audit --no-fund ../package/tiny-1.0.0.tgz && node -e 'require("tiny")'`,
    expected: ['packed', 'tiny-1.0.0.tgz', 'packed'],
  },
  browser: {
    script: `chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=/tmp/profile --dump-dom '${PAGE}' 2>/dev/null`,
    expected: ['<p id="p">42</p>'],
  },
  shell: {
    script: `mkfifo pipe && (seq 1000 > pipe &) && sort -n pipe | tail -n 1 && tar czf - repo | tar tzf - | grep -c HEAD > /dev/null && ps -o comm= | grep -c . > /dev/null && curl -sS file:///workspace/node.mjs | grep -c 'new Worker'`,
    expected: ['1000', '1'],
  },
};

export const TASK_NAMES = Object.keys(TASKS);
export const FILES: Readonly<Record<string, string>> = {
  'node.mjs': NODE,
  'tasks.py': PYTHON,
  'wheel.py': WHEEL,
  'threads.cc': THREADS,
};

/** One script for all, so that they share a container. */
export function toolchainScript(): string {
  return Object.entries(TASKS)
    .map(
      ([name, { script }]) =>
        `echo "== ${name}"\n(cd /workspace && timeout 100 sh -ec ${quoted(script)}) 2>&1\necho "== end $?"`,
    )
    .join('\n');
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** What a task printed, and how it ended. */
export function resultOf(stdout: string, name: string): { status: string; output: string } {
  const [, output = '', status = 'missing'] =
    new RegExp(`^== ${name}\\n([^]*?)^== end (\\d+)$`, 'm').exec(stdout) ?? [];
  return { status, output };
}

export function expectedOf(name: string): readonly string[] {
  return TASKS[name]?.expected ?? [];
}
