import { LEAST_TOKEN_LENGTH } from './auth/bearer-token.js';
import { isLoopbackAddress } from './auth/ip-address.js';
import type { Settings } from './config/settings.js';

/** Settings that start, and that an operator should know about; one line each, without a value. */
export function startWarnings(settings: Settings): string[] {
  return [...openBind(settings), ...weakTokens(settings)];
}

function openBind({ auth, server: { bind } }: Settings): string[] {
  if (auth.writeToken !== null || bind === 'localhost' || isLoopbackAddress(bind)) return [];
  return [
    `LISTENING ON ${bind} WITHOUT RISOLUTO_WRITE_TOKEN: anyone who reaches this port can read, ` +
      'and only programs of this machine can write. Set a token, or bind to 127.0.0.1.',
  ];
}

function weakTokens({ auth }: Settings): string[] {
  const tokens = { RISOLUTO_WRITE_TOKEN: auth.writeToken, RISOLUTO_READ_TOKEN: auth.readToken };
  return Object.entries(tokens)
    .filter(([, token]) => token !== null && token.reveal().length < LEAST_TOKEN_LENGTH)
    .map(([name]) => `${name} is short enough to be guessed: openssl rand -hex 32`);
}
