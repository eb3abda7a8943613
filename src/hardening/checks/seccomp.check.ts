import { HARDENED_PROFILE } from '../../config/seccomp-setting.js';
import { DomainError } from '../../kernel/domain-error.js';
import {
  failed,
  notChecked,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { shellWord } from '../../kernel/shell-words.js';
import type { EngineInfo } from '../../sandbox/container-engine.js';
import type { HelperContainers } from '../../sandbox/helper-containers.js';
import { HARDENED_FILE, loadSeccompProfile } from '../../sandbox/seccomp/load-profile.js';
import { lines, setKey } from '../shell.js';

export interface SeccompFacts {
  /** `codex.sandbox.security.seccompProfile`: empty for the engine's default, `hardened`, else a path. */
  readonly setting: string;
  readonly gvisor: boolean;
  readonly securityOptions: readonly string[];
  /** Why the file is no profile; `null`: it is one, or there is no file. */
  readonly problem: string | null;
  /** `true`: a container with it ran filtered; `false`: unfiltered; `refused`: not at all. */
  readonly loaded: boolean | 'refused';
}

/**
 * Whether system calls of sandboxes are filtered as the operator thinks. Pure. `configFile` is where
 * to choose a stricter filter.
 */
export function judgeSeccomp(facts: SeccompFacts, configFile: string): HardeningFinding {
  const { setting, gvisor, securityOptions, problem, loaded } = facts;
  const option = securityOptions.find((one) => one.startsWith('name=seccomp'));
  const own = setting !== '' || gvisor;
  const name = nameOf(facts);
  const file = setting === HARDENED_PROFILE ? HARDENED_FILE : setting;
  if (option === undefined) {
    return failed(
      'The engine filters no system calls, so every run is refused.',
      lines(KERNEL, RESTART),
    );
  }
  if (!own && option.includes('profile=unconfined')) {
    return failed(
      'The engine’s default profile is unconfined, so every run is refused.',
      lines(
        'sudo grep -rn seccomp-profile /etc/docker/daemon.json',
        '${EDITOR:-vi} /etc/docker/daemon.json',
        RESTART,
      ),
    );
  }
  if (problem !== null) {
    return failed(
      `${capital(name)} cannot be used, so every run is refused: ${problem}.`,
      parse(file),
    );
  }
  if (loaded === 'refused') {
    return failed(`No container starts with ${name}.`, setting === '' ? RESTART : parse(file));
  }
  if (!loaded) return failed(`A container with ${name} runs unfiltered.`, lines(KERNEL, RESTART));
  if (!own) {
    return warned(
      `A container runs filtered by ${name}, which lets io_uring, modify_ldt, AF_VSOCK and ptrace through.`,
      setKey(configFile, KEY, HARDENED_PROFILE),
    );
  }
  return passed(`A container runs filtered by ${name}.`);
}

function nameOf({ setting, gvisor }: SeccompFacts): string {
  if (setting === HARDENED_PROFILE) return 'the hardened profile';
  if (setting !== '') return `the profile ${setting}`;
  return gvisor ? 'the built-in profile for gVisor' : 'the engine’s default profile';
}

const KEY = 'codex.sandbox.security.seccompProfile';
const KERNEL = 'grep CONFIG_SECCOMP "/boot/config-$(uname -r)"';
const RESTART = 'sudo systemctl restart docker';
const parse = (path: string) => `python3 -m json.tool ${shellWord(path)} > /dev/null`;
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export class SeccompCheck implements HardeningCheck {
  readonly id = 'seccomp';
  readonly title = 'Seccomp profile';
  readonly kind = 'active';

  constructor(
    private readonly info: () => Promise<EngineInfo>,
    private readonly helpers: HelperContainers,
    private readonly security: { readonly gvisor: boolean; readonly seccompProfile: string },
    private readonly configFile: string,
    private readonly log: (message: string, error: unknown) => void,
  ) {}

  async check(): Promise<HardeningFinding> {
    const { securityOptions } = await this.info();
    const { gvisor, seccompProfile: setting } = this.security;
    const facts = { setting, gvisor, securityOptions, problem: null };
    const judge = (found: Pick<SeccompFacts, 'loaded'> & Partial<SeccompFacts>) =>
      judgeSeccomp({ ...facts, ...found }, this.configFile);
    const profile = await loadSeccompProfile(setting, gvisor).catch((error: unknown) => {
      if (!(error instanceof DomainError)) throw error;
      return { problem: error.details?.[0]?.message ?? error.message };
    });
    if (profile !== null && typeof profile === 'object') {
      return judge({ ...profile, loaded: 'refused' });
    }
    const status = await this.#statusUnder(profile);
    if (status === null) return judge({ loaded: 'refused' });
    const mode = /^Seccomp:\s*(\d)/m.exec(status)?.[1];
    if (mode === undefined && gvisor) return judge({ loaded: true });
    if (mode === undefined) return notChecked('a container does not say whether it is filtered');
    return judge({ loaded: mode === '2' });
  }

  async #statusUnder(profile: string | null): Promise<string | null> {
    try {
      const { stdout } = await this.helpers.run({
        purpose: 'seccomp-check',
        argv: ['cat', '/proc/self/status'],
        mounts: [],
        user: '65534:65534',
        seccompProfile: profile,
        ...(this.security.gvisor ? { runtime: 'runsc' } : {}),
        timeoutMs: 30_000,
      });
      return stdout.length === 0 ? null : stdout.toString('utf8');
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'engine_unavailable') throw error;
      this.log('no container starts with the seccomp profile', error);
      return null;
    }
  }
}
