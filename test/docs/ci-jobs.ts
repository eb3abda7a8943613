import { parse } from 'yaml';

import type { Block } from './markdown.js';

type Variables = Record<string, unknown>;

interface GithubStep {
  uses?: string;
  run?: string;
  env?: Variables;
}

interface GithubWorkflow {
  env?: Variables;
  jobs: Record<string, { env?: Variables; steps: GithubStep[] }>;
}

interface GitlabJob {
  variables?: Variables;
  before_script?: string | string[];
  script?: string | string[];
  after_script?: string | string[];
}

/**
 * What a CI system would run for a YAML block that is a GitHub workflow or GitLab's CI file, in bash;
 * null for any other block. `expressions`: values of GitHub's `${{ … }}`.
 */
export function scriptOfJobs(block: Block, expressions: Record<string, string>): string | null {
  if (block.language !== 'yaml') return null;
  const document = parse(block.text) as unknown;
  if (typeof document !== 'object' || document === null) return null;
  if ('jobs' in document) return githubScript(document as GithubWorkflow, expressions);
  if (Object.values(document).some(isGitlabJob)) {
    return gitlabScript(document as Record<string, GitlabJob>);
  }
  return null;
}

function githubScript(workflow: GithubWorkflow, expressions: Record<string, string>): string {
  const value = (text: string) =>
    text.replaceAll(/\$\{\{\s*(.+?)\s*\}\}/g, (_all, name: string) => expressions[name] ?? name);
  const steps = Object.values(workflow.jobs).flatMap((job) =>
    job.steps.map((step) => {
      if (step.uses !== undefined) return `uses ${quote(step.uses)}`;
      const env = { ...workflow.env, ...job.env, ...step.env };
      return inShell(env, value(step.run ?? ''), value);
    }),
  );
  return `${steps.join('\n')}\n`;
}

function gitlabScript(document: Record<string, GitlabJob>): string {
  const shared = document as GitlabJob;
  const jobs = Object.values(document).filter(isGitlabJob);
  const scripts = jobs.map((job) => {
    const lines = [
      ...[job.before_script ?? shared.before_script, job.script, job.after_script].flat(),
    ];
    const env = { ...shared.variables, ...job.variables };
    return inShell(env, lines.filter((line) => line !== undefined).join('\n'), (text) => text);
  });
  return `${scripts.join('\n')}\n`;
}

function isGitlabJob(value: unknown): value is GitlabJob {
  return typeof value === 'object' && value !== null && 'script' in value;
}

function inShell(env: Variables, script: string, value: (text: string) => string): string {
  const assignments = Object.entries(env).map(
    ([name, given]) => `${name}=${quote(value(String(given)))}`,
  );
  return `env ${assignments.join(' ')} bash -eo pipefail -c ${quote(script)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
