import { randomBytes } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { DataDirectory } from '../persistence/data-directory.js';
import {
  ContainerEngine,
  type ContainerCreateBody,
  type ImageInspection,
} from './container-engine.js';
import { INSTANCE_LABEL } from './container-spec.js';
import { controlUnavailable } from './control-unavailable.js';
import { isRefusal } from './engine-refusal.js';
import { findUser, firstFileOfTar } from './passwd.js';
import type { ResolvedImage } from './resolved-image.js';

export const AGENT_USER = 'agent';
const KEY = 'codex.sandbox.image';
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PASSWD_LIMIT_BYTES = 4 * 1024 * 1024;

/** Turns the operator's image reference into an image that a sandbox may have. */
@Injectable()
export class SandboxImages {
  readonly #users = new Map<string, Promise<{ uid: number; gid: number }>>();

  constructor(
    private readonly engine: ContainerEngine,
    private readonly dataDirectory: DataDirectory,
  ) {}

  /**
   * The image that the reference means now, and the numbers of its user `agent`, read from the
   * image without running it. Throws `control_unavailable` when the image is missing, declares a
   * volume, or has no `agent` that is neither root nor in root's group; `engine_unavailable`.
   */
  async resolve(reference: string): Promise<ResolvedImage> {
    const image = await this.#inspect(reference);
    const volumes = Object.keys(image.Config?.Volumes ?? {});
    if (volumes.length > 0) {
      throw controlUnavailable(KEY, 'the image declares a VOLUME; build it without');
    }
    const path = image.Config?.Env?.find((entry) => entry.startsWith('PATH='))?.slice(
      'PATH='.length,
    );
    return { reference, id: image.Id, ...(await this.#user(image.Id)), path: path || USUAL_PATH };
  }

  async #inspect(reference: string): Promise<ImageInspection> {
    try {
      return await this.engine.inspectImage(reference);
    } catch (error) {
      if (!isRefusal(error, 404)) throw error;
      throw controlUnavailable(
        KEY,
        `the engine has no image ${reference}; run npm run quickstart, or build it from scripts/Dockerfile.sandbox`,
        error,
      );
    }
  }

  #user(imageId: string): Promise<{ uid: number; gid: number }> {
    const known = this.#users.get(imageId);
    if (known) return known;
    const reading = this.#readUser(imageId);
    this.#users.set(imageId, reading);
    reading.catch(() => this.#users.delete(imageId));
    return reading;
  }

  async #readUser(imageId: string): Promise<{ uid: number; gid: number }> {
    const { id } = await this.engine.createContainer(
      `risoluto-${randomBytes(8).toString('hex')}`,
      neverStarted(imageId, this.dataDirectory.instanceId),
    );
    try {
      const passwd = firstFileOfTar(await this.#readPasswd(id));
      const user = passwd && findUser(passwd.toString('utf8'), AGENT_USER);
      if (!user) throw controlUnavailable(KEY, `the image has no user ${AGENT_USER}; add one`);
      if (user.uid === 0 || user.gid === 0) {
        throw controlUnavailable(
          KEY,
          `the image's user ${AGENT_USER} must not be root, nor in its group`,
        );
      }
      return user;
    } finally {
      await this.engine.removeContainer(id);
    }
  }

  async #readPasswd(id: string): Promise<Buffer> {
    let archive;
    try {
      archive = await this.engine.readArchive(id, '/etc/passwd');
    } catch (error) {
      if (!isRefusal(error, 404)) throw error;
      throw controlUnavailable(KEY, `the image has no user ${AGENT_USER}; add one`, error);
    }
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of archive) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > PASSWD_LIMIT_BYTES) {
        throw controlUnavailable(KEY, 'the image has no readable /etc/passwd');
      }
    }
    return Buffer.concat(chunks);
  }
}

function neverStarted(imageId: string, instanceId: string): ContainerCreateBody {
  return {
    Image: imageId,
    Entrypoint: ['/bin/false'],
    Cmd: [],
    Labels: { [INSTANCE_LABEL]: instanceId, 'risoluto.helper': 'image' },
    HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true, CapDrop: ['ALL'] },
  } as unknown as ContainerCreateBody;
}
