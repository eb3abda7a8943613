import { realpath, stat } from 'node:fs/promises';

import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { shellWord } from '../../kernel/shell-words.js';
import { lines } from '../shell.js';

export type SocketFacts =
  | { readonly kind: 'tcp'; readonly host: string }
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number; readonly uid: number };

const OTHERS_WRITE = 0o002;

/** Who may command the engine, which is as good as root. Pure. */
export function judgeSocket(socket: SocketFacts): HardeningFinding {
  if (socket.kind === 'tcp') {
    return failed(
      `The engine is reached over TCP without TLS (${socket.host}): whoever reaches that port is root on its host. Then start the service anew.`,
      lines('export DOCKER_HOST=unix:///var/run/docker.sock'),
    );
  }
  const mode = (socket.mode & 0o777).toString(8).padStart(4, '0');
  const told = `${socket.path} has mode ${mode} and belongs to user ${socket.uid}`;
  if ((socket.mode & OTHERS_WRITE) !== 0) {
    return failed(
      `${told}: every user of this machine can command the engine, and so become root.`,
      `sudo chmod o-rwx ${shellWord(socket.path)}`,
    );
  }
  if (socket.uid !== 0 && socket.uid !== process.geteuid?.()) {
    return warned(
      `${told}, which is neither root nor the service’s user.`,
      `sudo ls -l ${shellWord(socket.path)}`,
    );
  }
  return passed(`${told}.`);
}

export class EngineSocketCheck implements HardeningCheck {
  readonly id = 'engine-socket';
  readonly title = 'Engine socket';
  readonly kind = 'quick';

  constructor(private readonly dockerHost: string | null) {}

  async check(): Promise<HardeningFinding> {
    const address = this.dockerHost ?? 'unix:///var/run/docker.sock';
    if (!address.startsWith('unix://')) {
      // It may carry a user and a password.
      const host = URL.canParse(address) ? new URL(address).host : 'the engine';
      return judgeSocket({ kind: 'tcp', host });
    }
    const path = await realpath(address.slice('unix://'.length));
    const { mode, uid } = await stat(path);
    return judgeSocket({ kind: 'unix', path, mode, uid });
  }
}
