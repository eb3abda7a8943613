import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';

import { engine } from '../support/engine.js';

/** What is tried from inside; `inside/` says what each does. */
export type Probe =
  | { do: 'tcp' | 'udp'; host: string; port: number; send?: string }
  | { do: 'scan'; host: string; ports: number[] }
  | { do: 'dns'; name: string; type?: 'A' | 'AAAA' | 'TXT'; server: string }
  | { do: 'lookup'; name: string }
  | { do: 'bash'; script: string; seconds?: number }
  | { do: 'crowd'; to: string; count: number }
  | { do: 'stall'; to: string; count: number; seconds: number }
  | { do: 'raw'; say: string[]; host?: string; port?: number }
  | {
      do: 'tunnel';
      to: string;
      authorization?: string;
      tls?: { serverName?: string | null; shape?: 'bytes' | 'records' | 'encrypted' };
      say?: string[];
    };

/** What became of it; each kind of probe fills in its own part. */
export interface Outcome {
  connected?: boolean;
  answer?: string;
  open?: number[];
  code?: number | string;
  out?: string;
  err?: string;
  /** Of a CONNECT, with the gateway's own word for a refusal and its text. */
  status?: number;
  reason?: string | null;
  text?: string;
  /** The TLS handshake failed with this. */
  alert?: string;
  error?: string;
}

const FILES = [
  'probe.mjs',
  'crowd.mjs',
  'direct.mjs',
  'tunnel.mjs',
  'hello.mjs',
  'beat.mjs',
  'hold.mjs',
  'route-socket.mjs',
];

/** A command that keeps its environment in a file, puts the probes beside it, says `up` and waits. */
export function waitingForProbes(): string[] {
  const script =
    'export -p >/tmp/env; mkdir /tmp/probes; while [ $# -gt 0 ]; do ' +
    'printf %s "$2" >"/tmp/probes/$1"; shift 2; done; touch /tmp/probes/up; echo up; exec sleep 3600';
  const files = FILES.flatMap((name) => [
    name,
    readFileSync(new URL(`inside/${name}`, import.meta.url), 'utf8'),
  ]);
  return ['sh', '-c', script, 'sh', ...files];
}

/** A container that runs `waitingForProbes()`. */
export class Probed {
  constructor(readonly container: string) {}

  /** Tries all of them at once. */
  async probe<Name extends string>(probes: Record<Name, Probe>): Promise<Record<Name, Outcome>> {
    const script = '. /tmp/env; exec node /tmp/probes/probe.mjs "$1"';
    const out = await this.exec(['bash', '-c', script, 'bash', JSON.stringify(probes)]);
    return JSON.parse(out) as Record<Name, Outcome>;
  }

  /** What a script printed, run with the environment of the command. */
  bash(script: string): Promise<string> {
    return this.exec(['bash', '-c', `. /tmp/env; ${script}`]);
  }

  /** Starts it and lets it run. */
  async background(script: string): Promise<void> {
    const options = { Cmd: ['bash', '-c', `. /tmp/env; ${script}`] };
    await (await engine().getContainer(this.container).exec(options)).start({ Detach: true });
  }

  /** Opens a tunnel that says `say` and then only listens; what it hears goes to the file. */
  hold(to: string, say: string, file: string): Promise<void> {
    return this.background(`exec node /tmp/probes/hold.mjs ${to} $'${say}' ${file}`);
  }

  /** Its own address in its one network, and the MAC. */
  async place(): Promise<{ address: string; mac: string; network: string }> {
    const { NetworkSettings } = await engine().getContainer(this.container).inspect();
    const [[network, at] = ['', undefined]] = Object.entries(NetworkSettings.Networks);
    return { network, address: at?.IPAddress ?? '', mac: at?.MacAddress ?? '' };
  }

  private async exec(argv: readonly string[]): Promise<string> {
    const container = engine().getContainer(this.container);
    const exec = await container.exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: false });
    const chunks: Buffer[] = [];
    const [out, err] = [new PassThrough(), new PassThrough()];
    out.on('data', (chunk: Buffer) => chunks.push(chunk));
    err.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    container.modem.demuxStream(stream, out, err);
    await new Promise((resolve) => stream.on('close', resolve).on('end', resolve));
    return Buffer.concat(chunks).toString();
  }
}
