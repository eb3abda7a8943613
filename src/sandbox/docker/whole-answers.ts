import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';

import type Docker from 'dockerode';

interface DialOptions {
  isStream?: boolean;
  hijack?: boolean;
  openStdin?: boolean;
}

type DialCallback = (error: unknown, result?: unknown) => void;

/**
 * Makes a client fail when an answer is cut off. dockerode's transport collects an answer until it
 * ends and never hears that its connection broke: a call that was under way when the engine died,
 * `wait` above all, would never return.
 */
export function withWholeAnswers(docker: Docker): Docker {
  const modem = docker.modem as { dial(options: DialOptions, callback: DialCallback): void };
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) => {
    if (options.isStream || options.hijack || options.openStdin) return dial(options, callback);
    dial({ ...options, isStream: true }, (error, answer) => {
      if (error) return callback(error);
      void deliver(answer as Readable, callback);
    });
  };
  return docker;
}

async function deliver(answer: Readable, callback: DialCallback): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await buffer(answer);
  } catch (cut) {
    callback(cut);
    return;
  }
  callback(null, parsed(bytes));
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return bytes;
  }
}
