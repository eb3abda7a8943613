import { Liquid, TypeGuards, type Filter, type Output, type Template as Part } from 'liquidjs';

import { nearestKey } from '../nearest-key.js';
import { isAbsent, MAX_TRUNCATED, TEMPLATE_FILTERS } from './template-filters.js';
import { TEMPLATE_VARIABLES, type TemplateValues } from './template-variables.js';

export const MAX_TEMPLATE_LENGTH = 16_384;
/** With the bound of each value this bounds what a rendering makes. */
const MAX_OUTPUTS = 32;
/** Longer than what the kernel takes as one argument, so a longer value could not be used anyway. */
export const MAX_VALUE_LENGTH = 128 * 1024;

/** Why a template could not be rendered; names variables, never values. */
export class TemplateError extends Error {}

/** What a template says between its literal parts. */
interface Placeholder {
  readonly path: string;
  /** Its first filter gives a text for what is absent. */
  readonly optional: boolean;
  /** One of its filters says what stands for nothing. */
  readonly defaulted: boolean;
}

/** A text with placeholders, which was found right. */
export interface Template {
  /** It is nothing but the text that it renders. */
  readonly literal: boolean;
  /**
   * @throws TemplateError where a value is absent that has no `default`, is too long, or where
   *   nothing comes out although no `default` says so
   */
  render(values: TemplateValues): string;
}

const engine = restrictedEngine();

/**
 * Reads a template: Liquid without tags, so that it can only put values in, and with filters of our
 * own. All that can be wrong without an event is found here.
 *
 * @returns the template, or why it is none, without the text itself
 */
export function readTemplate(text: string): Template | { problem: string } {
  if (text.length > MAX_TEMPLATE_LENGTH) {
    return { problem: `must be at most ${MAX_TEMPLATE_LENGTH} characters` };
  }
  let parts: Part[];
  try {
    parts = engine.parse(text);
  } catch (error) {
    return { problem: unreadable(error) };
  }
  const outputs = parts.filter(isOutput);
  if (outputs.length > MAX_OUTPUTS) {
    return { problem: `must have at most ${MAX_OUTPUTS} placeholders` };
  }
  const placeholders: Placeholder[] = [];
  for (const output of outputs) {
    if (isQuotedText(output)) continue;
    const read = placeholderOf(output);
    if ('problem' in read) return read;
    placeholders.push(read);
  }
  return {
    literal: placeholders.length === 0,
    render: (values) => rendered(parts, placeholders, values),
  };
}

function restrictedEngine(): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    // `default` may be asked of what is absent.
    lenientIf: true,
    ownPropertyOnly: true,
    relativeReference: false,
    dynamicPartials: false,
    cache: false,
    fs: {
      exists: () => Promise.resolve(false),
      existsSync: () => false,
      readFile: () => Promise.reject(new Error('templates read no files')),
      readFileSync: () => {
        throw new Error('templates read no files');
      },
      resolve: () => '',
    },
    parseLimit: MAX_TEMPLATE_LENGTH,
    renderLimit: 250,
    memoryLimit: 64 * 1024 * 1024,
  });
  for (const tag of Object.keys(liquid.tags)) delete liquid.tags[tag];
  for (const filter of Object.keys(liquid.filters)) liquid.unregisterFilter(filter);
  for (const [name, { apply }] of TEMPLATE_FILTERS) {
    liquid.registerFilter(name, (value: string | readonly string[] | null | undefined, argument) =>
      apply(value ?? undefined, argument as string | number | undefined),
    );
  }
  return liquid;
}

function isOutput(part: Part): part is Output {
  return 'value' in part;
}

/** `{{ "{{" }}`: how braces are written that shall stay. */
function isQuotedText({ value }: Output): boolean {
  const [token, ...more] = value.initial.postfix;
  return more.length + value.filters.length === 0 && TypeGuards.isQuotedToken(token);
}

function unreadable(error: unknown): string {
  const { message } = error as Error;
  if (message.startsWith('undefined filter')) return `has an unknown filter; ${KNOWN_FILTERS}`;
  const column = /, line:(\d+), col:(\d+)/.exec(message);
  const place = column === null ? '' : ` (line ${column[1]}, column ${column[2]})`;
  return (
    `cannot be read as a template${place}: ` +
    'there are only placeholders, {{ variable | filter }}, and no tags'
  );
}

const KNOWN_FILTERS = `known: ${[...TEMPLATE_FILTERS.keys()].join(', ')}`;

function placeholderOf({ value }: Output): Placeholder | { problem: string } {
  const path = pathOf(value.initial.postfix);
  if (path === null) return { problem: 'a placeholder must begin with one variable' };
  const kind = TEMPLATE_VARIABLES.get(path);
  if (kind === undefined) return { problem: unknownVariable(path) };
  for (const filter of value.filters) {
    const problem = filterProblem(filter);
    if (problem !== null) return { problem };
  }
  const names = value.filters.map(({ name }) => name);
  if (kind === 'list' && !names.includes('join')) {
    return { problem: `${path} is a list: join it, {{ ${path} | join: "," }}` };
  }
  const defaulted = names.includes('default');
  return { path, optional: names[0] === 'default', defaulted };
}

/** Of `issue.title`, and nothing that is computed. */
function pathOf(tokens: readonly unknown[]): string | null {
  const [token, ...more] = tokens;
  if (more.length > 0 || !TypeGuards.isPropertyAccessToken(token)) return null;
  if (token.variable !== undefined) return null;
  const names = token.props.map((prop) =>
    'content' in prop && typeof prop.content === 'string' && !prop.content.includes('.')
      ? prop.content
      : null,
  );
  return names.includes(null) ? null : names.join('.');
}

function unknownVariable(path: string): string {
  const near = nearestKey(path, [...TEMPLATE_VARIABLES.keys()]);
  const hint = near === null ? ` (docs/dispatch.md lists them)` : `; did you mean ${near}?`;
  return `unknown variable ${path.slice(0, 100)}${hint}`;
}

function filterProblem({ name, args }: Filter): string | null {
  const filter = TEMPLATE_FILTERS.get(name);
  if (filter === undefined) return `has an unknown filter; ${KNOWN_FILTERS}`;
  if (args.length !== filter.takes.length) {
    return filter.takes.length === 0
      ? `the filter ${name} takes no argument`
      : `the filter ${name} takes one argument`;
  }
  const right = filter.takes.every((wanted, index) => {
    const argument: unknown = args[index];
    if (wanted === 'text') return TypeGuards.isQuotedToken(argument);
    if (!TypeGuards.isNumberToken(argument)) return false;
    const count = argument.content;
    return Number.isInteger(count) && count >= 1 && count <= MAX_TRUNCATED;
  });
  if (right) return null;
  return filter.takes[0] === 'text'
    ? `the filter ${name} takes a text in quotes`
    : `the filter ${name} takes a whole number from 1 to ${MAX_TRUNCATED}`;
}

function rendered(
  parts: Part[],
  placeholders: readonly Placeholder[],
  values: TemplateValues,
): string {
  const scope: Record<string, Record<string, unknown>> = { event: {}, issue: {} };
  for (const { path, optional } of placeholders) {
    const value = values.get(path);
    if (value === undefined || isAbsent(value)) {
      if (optional) continue;
      throw new TemplateError(
        `${path} is absent in this event; where it may be, say {{ ${path} | default: "" }}`,
      );
    }
    if (lengthOf(value) > MAX_VALUE_LENGTH) {
      throw new TemplateError(`${path} is longer than ${MAX_VALUE_LENGTH} characters`);
    }
    const [group = '', name = ''] = path.split('.');
    Object.assign((scope[group] ??= {}), { [name]: value });
  }
  let text: string;
  try {
    text = String(engine.renderSync(parts, scope));
  } catch (error) {
    throw new TemplateError('it could not be rendered in the time and space that it may use', {
      cause: error,
    });
  }
  if (text !== '' || placeholders.length === 0) return text;
  if (placeholders.some(({ defaulted }) => defaulted)) return text;
  const paths = placeholders.map(({ path }) => path).join(', ');
  throw new TemplateError(`nothing is left of ${paths}; where that may be, end with a default`);
}

function lengthOf(value: string | readonly string[]): number {
  if (typeof value === 'string') return value.length;
  return value.reduce((sum, each) => sum + each.length + 1, 0);
}
