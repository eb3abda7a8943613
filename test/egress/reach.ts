import type { Attacker } from './attacker.js';
import { eventually } from './commands.js';

/** `tcp 10.0.0.1 80`, `udp 10.0.0.1 53`. */
export type Target = `${'tcp' | 'udp'} ${string} ${number}`;

const TRY_ALL = `
const answered = new Set();
const note = (target) => answered.add(target);
for (const target of process.argv.slice(1)) {
  const [protocol, address, port] = target.split(' ');
  if (protocol === 'tcp') {
    const socket = require('net').connect(Number(port), address, () => note(target));
    socket.on('error', () => socket.destroy());
  } else {
    const socket = require('dgram').createSocket('udp4').on('error', () => undefined);
    socket.on('message', () => note(target));
    socket.send('hello', Number(port), address, () => undefined);
  }
}
setTimeout(() => { console.log(JSON.stringify([...answered])); process.exit(); }, 1000);`;

/** Those of the targets that were connected to, or answered; all are tried at once, in a second. */
export async function answering(
  attacker: Attacker,
  targets: readonly Target[],
): Promise<readonly string[]> {
  const { output } = await attacker.exec(['node', '-e', TRY_ALL, ...targets]);
  const answered = JSON.parse(/\[.*\]/.exec(output)?.[0] ?? '') as string[];
  return targets.filter((target) => answered.includes(target));
}

const KNOCK = `
  my ($ip, $first, $last) = @ARGV;
  my $host = inet_aton($ip);
  socket(my $u, AF_INET, SOCK_DGRAM, 17);
  for my $port ($first .. $last) {
    socket(my $t, AF_INET, SOCK_STREAM | 2048, 6) or die $!;
    connect($t, pack_sockaddr_in($port, $host));
    close $t;
    send($u, "x", 0, pack_sockaddr_in($port, $host));
  }`;

/** One SYN and one datagram to each port; whether they arrived is the other end's to say. */
export async function knock(
  attacker: Attacker,
  address: string,
  ports: { first: number; last: number },
): Promise<void> {
  const { code, output } = await attacker.perl(
    KNOCK,
    address,
    String(ports.first),
    String(ports.last),
  );
  if (code !== 0) throw new Error(output);
}

/** A connection of an attacker that stays open, whatever becomes of it on the way. */
export class HeldConnection {
  private constructor(
    private readonly attacker: Attacker,
    private readonly file: string,
  ) {}

  /** Says `first` once, and then `tick` 10 times a second if it is to go on talking. */
  static async open(
    attacker: Attacker,
    at: { address: string; port: number },
    { first, ticks = false }: { first: string; ticks?: boolean },
  ): Promise<HeldConnection> {
    const file = `/tmp/held-${Math.random().toString(36).slice(2)}`;
    const script = `const socket = require('net').connect(${at.port}, '${at.address}');
      socket.on('error', () => undefined).write('${first}');
      ${ticks ? `setInterval(() => socket.write('tick'), 100);` : ''}
      socket.on('data', (bytes) => require('fs').appendFileSync('${file}', bytes));`;
    await attacker.background(['node', '-e', script]);
    await eventually(
      'the connection is answered',
      async () => (await attacker.bash(`test -s ${file}`)).code === 0,
    );
    return new HeldConnection(attacker, file);
  }

  /** Does anything come within 0.6 s? */
  async hears(): Promise<boolean> {
    const size = `wc -c <${this.file}`;
    const { output } = await this.attacker.bash(
      `a=$(${size}); sleep 0.6; echo $(($(${size}) - a))`,
    );
    return Number(output) > 0;
  }
}
