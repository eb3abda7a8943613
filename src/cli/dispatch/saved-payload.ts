import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import type { WebhookEvent } from '../../webhooks/rules/event.js';
import { mapGithubPayload } from '../../webhooks/sources/github-event.js';
import { mapLinearPayload } from '../../webhooks/sources/linear-event.js';
import { mapStandardPayload } from '../../webhooks/sources/standard-event.js';
import { usageError } from '../service-command.js';

export interface PayloadSource {
  readonly source: string;
  /** GitHub's `X-GitHub-Event`, which stands in no payload. */
  readonly event: string | undefined;
}

/**
 * The event that a saved body is; `-` is standard input.
 * @throws CliError `usage` where it cannot be read, or is not JSON
 */
export async function savedEvent(
  file: string,
  { source, event }: PayloadSource,
  stdin: Readable,
): Promise<WebhookEvent> {
  const payload = parsed(file, await bytesOf(file, stdin));
  if (source === 'linear') return mapLinearPayload(payload);
  if (source !== 'github') return mapStandardPayload(payload, source);
  if (event !== undefined) return mapGithubPayload(payload, event);
  throw usageError(
    'which event of GitHub is it?',
    'GitHub names it in the header X-GitHub-Event: --event issues',
  );
}

async function bytesOf(file: string, stdin: Readable): Promise<Buffer> {
  if (file === '-') return buffer(stdin);
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(`${file} cannot be read (${code ?? 'unreadable'})`);
  }
}

function parsed(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw usageError(`${file === '-' ? 'the input' : file} is not JSON`);
  }
}
