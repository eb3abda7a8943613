import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { codexBinary } from './codex.mjs';
import { RECIPE_LABEL, SANDBOX, SCRIPTS, recipeHash } from './recipe.mjs';
import { say } from '../lib/progress.mjs';
import { SetupError } from '../lib/setup-error.mjs';

const BASE = 'debian:bookworm-slim';
const PARTS = 'image/parts';
const CODEX_PART = `${PARTS}/codex`;
const FIRST_SIGN_MS = 20_000;
const SILENCE_MS = 120_000;

/**
 * `docker build` over the engine's API.
 *
 * @param {import('dockerode')} docker
 * @param {import('./recipe.mjs').Recipe} recipe
 * @param {(line: string) => void} note
 * @returns {Promise<boolean>} false, after saying why, where the base or its packages cannot be had
 */
export async function buildFromRegistry(docker, recipe, note) {
  try {
    await pullBase(docker, note);
    const parts = await bringParts(recipe, note);
    const stream = await docker.buildImage(
      { context: SCRIPTS, src: [...recipe.context, ...parts] },
      {
        t: recipe.reference,
        dockerfile: recipe.dockerfile,
        labels: { [RECIPE_LABEL]: recipeHash(recipe) },
        forcerm: true,
      },
    );
    await follow(docker, stream, SILENCE_MS, note);
    return true;
  } catch (error) {
    // Without a registry of images the same would be missing.
    if (error instanceof SetupError) throw error;
    say(`no build from ${BASE} (${firstLine(error)}); making the image without a registry`);
    return false;
  }
}

/**
 * Puts what the Dockerfile copies and the repository does not hold into the build’s context.
 *
 * @param {import('./recipe.mjs').Recipe} recipe
 * @param {(line: string) => void} note
 * @returns {Promise<string[]>} relative to the context
 */
export async function bringParts(recipe, note) {
  if (recipe.name !== SANDBOX.name) return [];
  const binary = await codexBinary(note);
  await mkdir(join(SCRIPTS, PARTS), { recursive: true });
  await copyFile(binary, join(SCRIPTS, CODEX_PART));
  await chmod(join(SCRIPTS, CODEX_PART), 0o755);
  return [CODEX_PART];
}

/**
 * @param {import('dockerode')} docker
 * @param {(line: string) => void} note
 */
async function pullBase(docker, note) {
  if (
    await docker
      .getImage(BASE)
      .inspect()
      .catch(() => null)
  )
    return;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), FIRST_SIGN_MS);
  try {
    const stream = await docker.pull(BASE, { abortSignal: abort.signal });
    clearTimeout(timer);
    await follow(docker, stream, SILENCE_MS, note);
  } catch (error) {
    throw abort.signal.aborted
      ? new Error(`no registry answered in ${FIRST_SIGN_MS / 1000} s`)
      : error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Until the engine says that it is done; rejects on its error, and when it says nothing for `silenceMs`.
 *
 * @param {import('dockerode')} docker
 * @param {NodeJS.ReadableStream & {destroy(error?: Error): void}} stream
 * @param {number} silenceMs
 * @param {(line: string) => void} note
 */
function follow(docker, stream, silenceMs, note) {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      reject(new Error(`the engine said nothing for ${silenceMs / 1000} s`));
      stream.destroy();
    };
    let timer = setTimeout(giveUp, silenceMs);
    docker.modem.followProgress(
      stream,
      (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(undefined);
      },
      (event) => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, silenceMs);
        note(String(event.stream ?? event.status ?? ''));
      },
    );
  });
}

/** @param {unknown} error */
function firstLine(error) {
  return String(error instanceof Error ? error.message : error)
    .trim()
    .split('\n')[0];
}
