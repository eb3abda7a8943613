import { LEAST_TOKEN_LENGTH } from '../../auth/bearer-token.js';
import { isLoopbackAddress } from '../../auth/ip-address.js';
import type { Settings } from '../../config/settings.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';

export interface AccessFacts {
  readonly bind: string;
  /** Their lengths; `null` where there is none. */
  readonly writeToken: number | null;
  readonly readToken: number | null;
}

const NEW_TOKEN = 'export RISOLUTO_WRITE_TOKEN="$(openssl rand -hex 32)"';
const NEW_READ_TOKEN = 'export RISOLUTO_READ_TOKEN="$(openssl rand -hex 32)"';
const RESTART = 'Then start the service anew with it.';

/** Who may write, and from where. Pure. */
export function judgeAccess({ bind, writeToken, readToken }: AccessFacts): HardeningFinding {
  const local = bind === 'localhost' || isLoopbackAddress(bind);
  const where = local ? `listens on ${bind}, loopback` : `listens on ${bind}, beyond loopback`;
  if (writeToken === null && !local) {
    return failed(
      `The service ${where}, without RISOLUTO_WRITE_TOKEN: whoever reaches the port can read, and every program of this machine can write. ${RESTART}`,
      NEW_TOKEN,
    );
  }
  if (writeToken === null) {
    return warned(
      `The service ${where}, and no RISOLUTO_WRITE_TOKEN is set: every program of this machine can write. ${RESTART}`,
      NEW_TOKEN,
    );
  }
  if (writeToken < LEAST_TOKEN_LENGTH || (readToken ?? Infinity) < LEAST_TOKEN_LENGTH) {
    return warned(
      `A token has fewer than ${LEAST_TOKEN_LENGTH} characters and could be guessed. ${RESTART}`,
      writeToken < LEAST_TOKEN_LENGTH ? NEW_TOKEN : NEW_READ_TOKEN,
    );
  }
  if (!local && readToken === null) {
    return warned(
      `The service ${where}, and no RISOLUTO_READ_TOKEN is set: whoever reaches the port can read outputs, names of secrets and the audit. ${RESTART}`,
      NEW_READ_TOKEN,
    );
  }
  return passed(`The service ${where}; writes need the write token.`);
}

export class AccessCheck implements HardeningCheck {
  readonly id = 'bind-and-write-token';
  readonly title = 'Bind address and write token';
  readonly kind = 'quick';

  constructor(private readonly settings: Settings) {}

  check(): Promise<HardeningFinding> {
    const { auth, server } = this.settings;
    return Promise.resolve(
      judgeAccess({
        bind: server.bind,
        writeToken: auth.writeToken?.reveal().length ?? null,
        readToken: auth.readToken?.reveal().length ?? null,
      }),
    );
  }
}
