import { DomainError } from '../../kernel/domain-error.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import type { ResolvedImage } from '../../sandbox/resolved-image.js';
import type { SandboxImages } from '../../sandbox/sandbox-images.js';
import { setKey } from '../shell.js';

export type ImageFacts =
  | { readonly reference: string; readonly problem: string }
  | { readonly reference: string; readonly image: Pick<ResolvedImage, 'id' | 'uid' | 'gid'> };

const BUILD =
  'docker build --tag risoluto-sandbox:latest --file scripts/Dockerfile.sandbox scripts';

/** Whether sandboxes have an image that they may have, and always the same. Pure. */
export function judgeImage(facts: ImageFacts, configFile: string): HardeningFinding {
  const { reference } = facts;
  if ('problem' in facts) {
    return failed(
      `The image ${reference} cannot be used, so every run is refused: ${facts.problem}.`,
      BUILD,
    );
  }
  const { id, uid, gid } = facts.image;
  const told = `${reference} is ${id}; its agent is user ${uid} of group ${gid}`;
  if (reference.includes('sha256:')) return passed(`${told}.`);
  return warned(
    `${told}. A tag can be moved to another image: name this one by its id, then start the service anew.`,
    setKey(configFile, 'codex.sandbox.image', id),
  );
}

export class ImageCheck implements HardeningCheck {
  readonly id = 'image';
  readonly title = 'Sandbox image and its users';
  readonly kind = 'active';

  constructor(
    private readonly images: SandboxImages,
    private readonly reference: string,
    private readonly configFile: string,
  ) {}

  async check(): Promise<HardeningFinding> {
    const { reference, configFile } = this;
    try {
      return judgeImage({ reference, image: await this.images.resolve(reference) }, configFile);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'control_unavailable') throw error;
      const problem = error.details?.[0]?.message ?? error.message;
      return judgeImage({ reference, problem }, configFile);
    }
  }
}
