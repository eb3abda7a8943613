import { PassThrough } from 'node:stream';

import type Docker from 'dockerode';

export interface AttackerOptions {
  network: string;
  address: string;
  mac: string;
  runtime: 'runc' | 'runsc';
  label: string;
  name?: string;
  /** Stronger than any sandbox: root with raw sockets. */
  raw?: boolean;
}

const IMAGE = 'risoluto-sandbox:latest';

/** A container that does what a hostile command would. */
export class Attacker {
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
      },
      NetworkingConfig: {
        EndpointsConfig: {
          [options.network]: {
            IPAMConfig: { IPv4Address: options.address },
            MacAddress: options.mac,
          },
        },
      },
    } as Docker.ContainerCreateOptions);
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
    const talk = `exec 3<>/dev/tcp/${address}/${port} && echo hello >&3 && head -c 5 <&3`;
    return (await this.bash(`timeout 2 bash -c '${talk}'`)).output.includes('echo ');
  }

  /** Was the port open? Also for a server that does not speak first. */
  async connects(address: string, port: number): Promise<boolean> {
    return (await this.bash(`timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/${port}'`)).code === 0;
  }

  async udp(address: string, port: number): Promise<boolean> {
    const talk = `exec 3<>/dev/udp/${address}/${port} && echo hello >&3 && head -c 5 <&3`;
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

  async remove(): Promise<void> {
    await this.container.remove({ force: true, v: true });
  }
}
