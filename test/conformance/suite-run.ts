import type { SuiteReport } from '../../src/conformance/suite.js';
import { risoluto } from '../cli/risoluto.js';
import { engine } from '../support/engine.js';
import type { RunningService } from '../support/service.js';

const SUITE_MS = 220_000;

export interface SuiteRun {
  code: number | null;
  report: SuiteReport;
  stderr: string;
}

/** The environment in which the command finds the service and its engine. */
export function suiteEnv(service: RunningService): Record<string, string> {
  return { RISOLUTO_URL: service.url, DOCKER_HOST: service.env.DOCKER_HOST ?? '' };
}

/** The built command, as an operator runs it. */
export async function runSuite(
  service: RunningService,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<SuiteRun> {
  const all = { ...suiteEnv(service), ...env };
  const { code, stdout, stderr } = await risoluto(
    ['conformance', '--json', ...args],
    { env: all },
    SUITE_MS,
  );
  try {
    return { code, stderr, report: JSON.parse(stdout) as SuiteReport };
  } catch {
    throw new Error(`no report, exit ${code}:\n${stderr}\n${stdout.slice(0, 2000)}`);
  }
}

/** `ID verdict` of those that are not as `wanted`, with what was seen. */
export function others({ report }: SuiteRun, ...wanted: string[]): string[] {
  return report.probes
    .filter(({ verdict }) => !wanted.includes(verdict))
    .map(({ id, verdict, detail }) => `${id} ${verdict}: ${detail}`);
}

export function verdictOf({ report }: SuiteRun, id: string): string | undefined {
  return report.probes.find((probe) => probe.id === id)?.verdict;
}

/** The cases of a JUnit report, with the element that says what became of each. */
export function casesIn(xml: string): { name: string; outcome: string }[] {
  const document = /<testcase [^>]*name="([^"]*)"[^>]*><([a-z-]+)/g;
  return [...xml.matchAll(document)].map(([, name = '', outcome = '']) => ({
    name: name.replaceAll('&amp;', '&'),
    outcome,
  }));
}

export async function containersLabelled(label: string): Promise<string[]> {
  const found = await engine().listContainers({ all: true, filters: { label: [label] } });
  return found.map(({ Id }) => Id);
}
