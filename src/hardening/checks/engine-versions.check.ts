import {
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import type { EngineComponent, EngineDescription } from '../../sandbox/container-engine.js';
import { isOlderThanFix, KNOWN_ESCAPES } from '../known-escapes.js';

/** A version or a revision that a distribution made: `1.1.5+ds1-1+deb12u1`, `20.10.24+dfsg1`. */
const PACKAGED = /deb\d+u|\+ds|\+dfsg|ubuntu/;

export const UPGRADE_DISTRIBUTION =
  'sudo apt-get update && sudo apt-get install --only-upgrade -y docker.io containerd runc';
const UPGRADE_DOCKER =
  'sudo apt-get update && sudo apt-get install --only-upgrade -y docker-ce containerd.io';

/** Whether what runs the containers has known ways out. Pure. */
export function judgeVersions(components: readonly EngineComponent[]): HardeningFinding {
  const told = components
    .filter(({ name }) => /^(engine|containerd|runc)$/i.test(name))
    .map(({ name, version }) => `${name} ${version}`);
  const hits = KNOWN_ESCAPES.flatMap((escape) => {
    const found = components.find(({ name }) => name.toLowerCase() === escape.component);
    return found && isOlderThanFix(found.version, escape.fixedIn) ? [{ ...escape, found }] : [];
  });
  if (hits.length === 0) return passed(`${told.join(', ')}: no known way out of a container.`);
  const packaged = hits.some(({ found }) => PACKAGED.test(`${found.version} ${found.revision}`));
  const flaws = hits.map(({ cve, component, fixedIn, what }) => {
    return `${cve} (${component}, fixed in ${fixedIn.join(', ')}): ${what}`;
  });
  const builds = [...new Set(hits.map(({ found }) => found.revision))].filter(Boolean);
  const caveat = packaged
    ? ` These are builds of a distribution (${builds.join(', ')}), which carries fixes back under old numbers: its security tracker tells which.`
    : ' Unless your distribution has carried the fixes back, upgrade.';
  return warned(
    `By their numbers, ${told.join(', ')} have known flaws: ${flaws.join('; ')}.${caveat}`,
    packaged ? UPGRADE_DISTRIBUTION : UPGRADE_DOCKER,
  );
}

export class EngineVersionsCheck implements HardeningCheck {
  readonly id = 'engine-versions';
  readonly title = 'Engine and runtime versions';
  readonly kind = 'quick';

  constructor(private readonly describe: () => Promise<EngineDescription>) {}

  async check(): Promise<HardeningFinding> {
    return judgeVersions((await this.describe()).components);
  }
}
