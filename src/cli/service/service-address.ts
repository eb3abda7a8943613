import { readFileSync } from 'node:fs';

import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import { quickstartUrl } from './quickstart-url.js';

/** What says where the service is and who asks. */
export interface ServiceOptions {
  url?: string;
  tokenFile?: string;
}

export interface ServiceAddress {
  /** Without a slash at its end. */
  url: string;
  readToken: string | null;
  writeToken: string | null;
}

/** What a header can carry; as the service takes it. */
const BEARER_TOKEN = /^[\x21-\x7e]{1,512}$/;

/**
 * Options win over the environment, and that over what quickstart left behind.
 *
 * @throws CliError `usage`; the message never holds a token
 */
export function serviceAddress(
  options: ServiceOptions,
  variable: (name: string) => string | undefined,
): ServiceAddress {
  const url = chosenUrl(options, variable);
  if (options.tokenFile !== undefined) {
    const token = tokenOfFile(options.tokenFile);
    return { url, readToken: token, writeToken: token };
  }
  const writeToken = tokenOf('RISOLUTO_WRITE_TOKEN', variable);
  // The lesser right is shown where it is enough.
  return { url, writeToken, readToken: tokenOf('RISOLUTO_READ_TOKEN', variable) ?? writeToken };
}

function chosenUrl(
  options: ServiceOptions,
  variable: (name: string) => string | undefined,
): string {
  if (options.url !== undefined) return checkedUrl('--url', options.url);
  const fromEnvironment = variable('RISOLUTO_URL');
  if (fromEnvironment !== undefined) return checkedUrl('RISOLUTO_URL', fromEnvironment);
  const port = variable('RISOLUTO_PORT');
  if (port === undefined) return quickstartUrl() ?? 'http://127.0.0.1:4000';
  if (!/^\d{1,5}$/.test(port)) throw wrong('RISOLUTO_PORT: must be a whole number');
  return `http://127.0.0.1:${port}`;
}

function checkedUrl(source: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw wrong(`${source}: must be an address such as https://risoluto.example`);
  }
  if (url.username !== '' || url.password !== '') {
    throw wrong(`${source}: must not hold a password; tokens come from the environment`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function tokenOf(name: string, variable: (name: string) => string | undefined): string | null {
  const token = variable(name);
  if (token === undefined) return null;
  if (!BEARER_TOKEN.test(token)) throw wrong(`${name}: must be visible ASCII without spaces`);
  return token;
}

function tokenOfFile(path: string): string {
  try {
    const token = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (BEARER_TOKEN.test(token)) return token;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw wrong(`--token-file: ${path} cannot be read (${code})`);
  }
  throw wrong(`--token-file: ${path} must hold one token and nothing else`);
}

function wrong(message: string): CliError {
  return new CliError(EXIT.usage, message, { code: 'usage' });
}
