import { PassThrough } from 'node:stream';

import type Docker from 'dockerode';

import { eventually } from './commands.js';

export interface AttackerOptions {
  network: string;
  address: string;
  mac: string;
  runtime: 'runc' | 'runsc';
  label: string;
  name?: string;
  /** Stronger than any sandbox: root with raw sockets. */
  raw?: boolean;
  /** With IPv6 switched on inside, which no sandbox has. */
  ipv6?: boolean;
}

const IPV6_ON = {
  'net.ipv6.conf.all.disable_ipv6': '0',
  'net.ipv6.conf.default.disable_ipv6': '0',
};
const IMAGE = 'risoluto-sandbox:latest';
/** Again after a failed read: Debian's runsc sometimes says EAGAIN on a socket that blocks. */
const HEAR = 'until head -c 5 <&3; do sleep 0.05; done';

/** A container that does what a hostile command would. */
export class Attacker {
  private removed = false;

  private constructor(
    private readonly container: Docker.Container,
    readonly address: string,
    readonly mac: string,
    private readonly raw: boolean,
  ) {}

  static async start(docker: Docker, options: AttackerOptions): Promise<Attacker> {
    const container = await docker.createContainer({
      ...(options.name ? { name: options.name } : {}),
      Image: IMAGE,
      Entrypoint: ['/bin/sh'],
      Cmd: ['-c', 'exec sleep 3600'],
      Labels: { [options.label]: '' },
      MacAddress: options.mac,
      HostConfig: {
        NetworkMode: options.network,
        Runtime: options.runtime,
        CapDrop: ['ALL'],
        CapAdd: options.raw ? ['NET_RAW'] : [],
        ...(options.ipv6 && options.runtime === 'runc' ? { Sysctls: IPV6_ON } : {}),
      },
      NetworkingConfig: {
        EndpointsConfig: {
          [options.network]: {
            IPAMConfig: { IPv4Address: options.address },
            MacAddress: options.mac,
          },
        },
      },
    });
    await container.start();
    return new Attacker(container, options.address, options.mac, options.raw ?? false);
  }

  /** What the command printed on either stream, and its exit code. */
  async exec(argv: readonly string[]): Promise<{ code: number; output: string }> {
    const exec = await this.container.exec({
      Cmd: [...argv],
      AttachStdout: true,
      AttachStderr: true,
      ...(this.raw ? { User: '0' } : {}),
    });
    const stream = await exec.start({ hijack: true, stdin: false });
    const chunks: Buffer[] = [];
    const sink = new PassThrough();
    sink.on('data', (chunk: Buffer) => chunks.push(chunk));
    this.container.modem.demuxStream(stream, sink, sink);
    await new Promise((resolve) => stream.on('close', resolve).on('end', resolve));
    const { ExitCode: code } = await exec.inspect();
    return { code: code ?? -1, output: Buffer.concat(chunks).toString() };
  }

  bash(script: string): Promise<{ code: number; output: string }> {
    return this.exec(['bash', '-c', script]);
  }

  perl(script: string, ...args: string[]): Promise<{ code: number; output: string }> {
    return this.exec(['perl', '-MSocket', '-e', script, ...args]);
  }

  /** Did the other end answer? */
  async tcp(address: string, port: number): Promise<boolean> {
    const talk = `exec 3<>/dev/tcp/${address}/${port} && echo hello >&3 && ${HEAR}`;
    return (await this.bash(`timeout 1.5 bash -c '${talk}'`)).output.includes('echo ');
  }

  /** Was the port open? Also for a server that does not speak first. */
  async connects(address: string, port: number): Promise<boolean> {
    return (
      (await this.bash(`timeout 1.5 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`)).code === 0
    );
  }

  /** `address` link-local. */
  async connects6(address: string, port: number): Promise<boolean> {
    const connect = `require('net').connect(${port}, '${address}%eth0')
      .on('connect', () => process.exit(0)).on('error', () => process.exit(1));
      setTimeout(() => process.exit(1), 3000)`;
    return (await this.exec(['node', '-e', connect])).code === 0;
  }

  async udp(address: string, port: number): Promise<boolean> {
    const talk = `exec 3<>/dev/udp/${address}/${port} && echo hello >&3 && ${HEAR}`;
    return (await this.bash(`timeout 1 bash -c '${talk}'`)).output.includes('echo ');
  }

  /** An echo request through an unprivileged ICMP socket; whether it left is the other end's to say. */
  async ping(address: string): Promise<void> {
    await this.perl(
      `socket(S, AF_INET, SOCK_DGRAM, 1) or die $!;
       send(S, pack("C2n3a8", 8, 0, 0, 1, 1, "risoluto"), 0, pack_sockaddr_in(0, inet_aton($ARGV[0])));
       select(undef, undef, undef, 0.1)`,
      address,
    );
  }

  /** One datagram to each address; whether they left is the other end's to say. */
  async shout(addresses: readonly string[], port: number): Promise<void> {
    const sends = addresses.map((address) => `(echo x >/dev/udp/${address}/${port}) 2>/dev/null`);
    await this.bash(sends.join('\n'));
  }

  /** One IPv4 packet as given, header included; for `raw` attackers. */
  async sendPacket(to: string, packet: Buffer): Promise<void> {
    const { code, output } = await this.perl(
      `socket(S, AF_INET, SOCK_RAW, 255) or die $!;
       send(S, pack("H*", $ARGV[1]), 0, pack_sockaddr_in(0, inet_aton($ARGV[0]))) or die $!`,
      to,
      packet.toString('hex'),
    );
    if (code !== 0) throw new Error(output);
  }

  /** One Ethernet frame as given; for `raw` attackers. */
  async sendFrame(frame: Buffer): Promise<void> {
    const { code, output } = await this.perl(
      `socket(S, 17, 3, 0) or die $!;
       open(F, "/sys/class/net/eth0/ifindex"); $index = <F> + 0;
       send(S, pack("H*", $ARGV[0]), 0, pack("SnlSCCa8", 17, 3, $index, 0, 0, 6, "")) or die $!`,
      frame.toString('hex'),
    );
    if (code !== 0) throw new Error(output);
  }

  /** Datagrams as fast as it can; resolves with their number. */
  async shoutFor(seconds: number, address: string, port: number): Promise<number> {
    const { output } = await this.perl(
      `socket(S, AF_INET, SOCK_DGRAM, 17); $to = pack_sockaddr_in($ARGV[2], inet_aton($ARGV[1]));
       for ($end = time + $ARGV[0]; time < $end; $n++) { send(S, "x", 0, $to) } print $n`,
      String(seconds),
      address,
      String(port),
    );
    return Number(output);
  }

  /** Opens a connection on which the other end goes on talking; `isReading` tells whether it is heard. */
  async keepReading(address: string, port: number): Promise<void> {
    const read = `require('net').connect(${port}, '${address}')
      .on('data', (bytes) => require('fs').appendFileSync('/tmp/read', bytes))`;
    await this.background(['node', '-e', read]);
    await eventually('the connection talks', () => this.isReading());
  }

  async isReading(): Promise<boolean> {
    const size = 'cat /tmp/read 2>/dev/null | wc -c';
    const { output } = await this.bash(`a=$(${size}); sleep 0.5; b=$(${size}); echo $((b - a))`);
    return Number(output) > 0;
  }

  /** Asks for an answer that comes after 1.5 s, does `meanwhile`, and tells whether it came. */
  async hearsLater(
    address: string,
    port: number,
    meanwhile: () => Promise<void>,
  ): Promise<boolean> {
    const talk = `const socket = require('dgram').createSocket('udp4');
      socket.on('message', () => { console.log('heard'); process.exit() });
      socket.send('later', ${port}, '${address}', () => require('fs').writeFileSync('/tmp/asked', ''));
      setTimeout(() => process.exit(), 3000)`;
    await this.bash('rm -f /tmp/asked');
    const heard = this.exec(['node', '-e', talk]);
    await eventually(
      'it has asked',
      async () => (await this.bash('test -e /tmp/asked')).code === 0,
    );
    await meanwhile();
    return (await heard).output.includes('heard');
  }

  /** Answers TCP until it is removed. */
  async serve(port: number): Promise<void> {
    const server = `require('net').createServer((s) => s.on('error', () => s.destroy())
      .on('data', () => s.write('echo neighbour'))).listen(${port})`;
    await this.background(['node', '-e', server]);
    await eventually('the container serves', () => this.connects('127.0.0.1', port));
  }

  /** Is the address in its own ARP table, with a MAC? */
  async knowsMacOf(address: string): Promise<boolean> {
    const { output } = await this.bash('cat /proc/net/arp');
    const entry = output.split('\n').find((line) => line.startsWith(`${address} `));
    return entry !== undefined && !entry.includes('00:00:00:00:00:00');
  }

  /** From now on keeps every frame that arrives; for `raw` attackers. */
  async listenForFrames(): Promise<void> {
    await this.background([
      'perl',
      '-MSocket',
      '-e',
      'socket(S, 17, 3, 768) or die; open(F, ">", "/tmp/frames"); F->autoflush(1);' +
        'while (recv(S, $b, 2000, 0) ne "x") { print F $b, "\\n" }',
    ]);
    await eventually('it listens', async () => (await this.bash('test -e /tmp/frames')).code === 0);
  }

  async framesHeard(): Promise<string> {
    return (await this.bash('cat /tmp/frames')).output;
  }

  /** Starts it and goes on. */
  async background(argv: readonly string[]): Promise<void> {
    const user = this.raw ? { User: '0' } : {};
    const exec = await this.container.exec({ Cmd: [...argv], ...user });
    await exec.start({ Detach: true });
  }

  /** Fine when it is gone. */
  async remove(): Promise<void> {
    if (this.removed) return;
    this.removed = true;
    await this.container.remove({ force: true, v: true });
  }
}
