import { readFileSync } from 'node:fs';

import { parseDocument } from 'yaml';
import type { z } from 'zod';

import { nearestKey } from './nearest-key.js';
import { RULE_NAME } from './dispatch/dispatch-schema.js';
import { yamlSchema, type YamlSettings } from './yaml-schema.js';

export interface YamlFile {
  settings: YamlSettings;
  /** Dotted paths of every key that the file sets. */
  configuredKeys: ReadonlySet<string>;
}

/** No file: every key has its default. */
export function defaultYaml(): YamlFile {
  return { settings: yamlSchema.parse({}), configuredKeys: new Set() };
}

/**
 * Reads and validates `risoluto.yaml`. Every problem is handed to `report` as one line that names
 * the key and the rule, never the value; an unknown key comes with the nearest right one.
 * Answers `null` when there was a problem.
 */
export function readYamlFile(path: string, report: (problem: string) => void): YamlFile | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    report(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
    return null;
  }
  return parseYaml(text, path, report);
}

/** As `readYamlFile`, of a text; `name` stands before each problem. */
export function parseYaml(
  text: string,
  name: string,
  report: (problem: string) => void,
): YamlFile | null {
  // Merge keys and custom tags are off, and aliases are bounded: a limit must read as it is written.
  const document = parseDocument(text, { uniqueKeys: true, strict: true, version: '1.2' });
  for (const problem of [...document.errors, ...document.warnings]) {
    const place = problem.linePos?.[0];
    report(`${name}: ${place ? `line ${place.line}: ` : ''}${yamlProblem(problem.code)}`);
  }
  if (document.errors.length > 0 || document.warnings.length > 0) return null;

  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch {
    report(`${name}: has too many aliases`);
    return null;
  }
  const { settings, problems } = checkContent(content);
  for (const { key, rule } of problems) report(`${name}: ${key}: ${rule}`);
  return settings === null ? null : { settings, configuredKeys: new Set(keysOf(content)) };
}

/** What is wrong at a key; never the value. */
export interface KeyProblem {
  /** Dotted path. */
  key: string;
  rule: string;
}

/** Settings from content in the shape of `risoluto.yaml`, or `null` and every problem. */
export function checkContent(content: unknown): {
  settings: YamlSettings | null;
  problems: KeyProblem[];
} {
  const parsed = yamlSchema.safeParse(content);
  if (parsed.success) return { settings: parsed.data, problems: [] };
  const problems = parsed.error.issues.flatMap((issue) =>
    describe(issue, content).map((problem) => withRule(problem, issue.path, content)),
  );
  return { settings: null, problems };
}

function yamlProblem(code: string): string {
  return code === 'DUPLICATE_KEY' ? 'a key stands twice' : `is not valid YAML (${code})`;
}

function describe(issue: z.core.$ZodIssue, content: unknown): KeyProblem[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(path, key, issue.path, content));
  }
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'type') {
    return [{ key: path, rule: 'must be one of dangerFullAccess, readOnly, workspaceWrite' }];
  }
  if (issue.code === 'invalid_key') {
    return [{ key: path, rule: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ key: path || 'the document', rule: issue.message }];
}

/** A problem of a dispatch rule says which one, since people know it by its name. */
function withRule(
  problem: KeyProblem,
  [group, index]: PropertyKey[],
  content: unknown,
): KeyProblem {
  if (group !== 'dispatch' || typeof index !== 'number') return problem;
  const { dispatch } = content as { dispatch?: { name?: unknown }[] };
  const name = dispatch?.[index]?.name;
  if (typeof name !== 'string' || !RULE_NAME.test(name)) return problem;
  return { key: problem.key, rule: `rule ${name}: ${problem.rule}` };
}

function unknownKey(
  path: string,
  key: string,
  segments: readonly PropertyKey[],
  content: unknown,
): KeyProblem {
  const full = path ? `${path}.${key}` : key;
  const near = nearestKey(key, siblings(segments, content));
  const right = near === null ? null : path ? `${path}.${near}` : near;
  return { key: full, rule: `unknown key${right ? `; did you mean ${right}?` : ''}` };
}

/** The keys that the schema knows where the unknown one stands. */
function siblings(segments: readonly PropertyKey[], content: unknown): string[] {
  let schema: unknown = yamlSchema;
  let value: unknown = content;
  for (const segment of segments) {
    schema = child(unwrap(schema, value), segment);
    value = (value as Record<PropertyKey, unknown> | undefined)?.[segment];
  }
  const shape = (unwrap(schema, value) as { shape?: Record<string, unknown> }).shape;
  return Object.keys(shape ?? {});
}

function child(schema: unknown, segment: PropertyKey): unknown {
  const { shape, element, valueType } = schema as {
    shape?: Record<PropertyKey, unknown>;
    element?: unknown;
    /** Of what has names of the operator’s own. */
    valueType?: unknown;
  };
  return shape?.[segment] ?? element ?? valueType;
}

interface Looked {
  def?: { innerType?: unknown; in?: unknown };
  options?: { shape?: { type?: { value: string } } }[];
}

/** Looks through defaults and transformations, and picks the member of a union that the value means. */
function unwrap(schema: unknown, value: unknown): unknown {
  let current = schema as Looked;
  for (let inner = innerOf(current); inner !== undefined; inner = innerOf(current)) {
    current = inner as Looked;
  }
  if (current.options === undefined) return current;
  const type = (value as { type?: unknown } | undefined)?.type;
  const objects = current.options.filter(({ shape }) => shape !== undefined);
  const tagged = objects.find(({ shape }) => shape?.type?.value === type);
  return tagged ?? (objects.length === 1 ? objects[0] : current);
}

function innerOf({ def }: Looked): unknown {
  return def?.innerType ?? def?.in;
}

/** Dotted paths of every key, those of objects too. */
export function keysOf(content: unknown, prefix = ''): string[] {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return [];
  return Object.entries(content).flatMap(([key, value]) => [
    `${prefix}${key}`,
    ...keysOf(value, `${prefix}${key}.`),
  ]);
}
