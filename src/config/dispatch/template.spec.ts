import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readTemplate, TemplateError, type Template } from './template.js';
import { TEMPLATE_VARIABLES, type TemplateValues } from './template-variables.js';

const ALL = [...TEMPLATE_VARIABLES.keys()];

function template(text: string): Template {
  const read = readTemplate(text);
  if ('problem' in read) throw new Error(read.problem);
  return read;
}

function problemOf(text: string): string | null {
  const read = readTemplate(text);
  return 'problem' in read ? read.problem : null;
}

const values = (given: Record<string, string | string[]>): TemplateValues =>
  new Map(Object.entries(given));

/** A placeholder for each, lists joined. */
const placeholder = (path: string) =>
  TEMPLATE_VARIABLES.get(path) === 'list' ? `{{ ${path} | join: "," }}` : `{{ ${path} }}`;

describe('a template', () => {
  it('puts any value in as it is, and never reads it as a template', () => {
    const literal = fc.string().filter((text) => !/[{}]/.test(text));
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom(
        '{{ issue.title }}',
        '{% assign x = 1 %}',
        '}}',
        '{{',
        "'; rm -rf / #",
        '$(id)',
      ),
    );
    fc.assert(
      fc.property(literal, literal, hostile, hostile, (before, after, title, state) => {
        const text = `${before}{{ issue.title }}|{{ issue.state }}${after}`;
        const rendered = template(text).render(
          values({ 'issue.title': title, 'issue.state': state }),
        );
        expect(rendered).toBe(`${before}${title}|${state}${after}`);
      }),
    );
  });

  it('knows each variable, and no other: whatever else is named stops the start', () => {
    for (const path of ALL) expect(problemOf(placeholder(path)), path).toBeNull();
    const name = fc.stringMatching(/^[a-z_][a-zA-Z_]{0,12}$/);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        const path = names.join('.');
        fc.pre(!TEMPLATE_VARIABLES.has(path) && !/^(true|false|nil|null|empty|blank)$/.test(path));
        expect(problemOf(`a {{ ${path} | default: "" }}`)).toMatch(/variable/);
      }),
    );
    expect(problemOf('{{ issue.titel }}')).toBe(
      'unknown variable issue.titel; did you mean issue.title?',
    );
    for (const text of ['{{ issue }}', '{{ issue.constructor.name }}', '{{ __proto__ }}']) {
      expect(problemOf(text), text).toMatch(/^unknown variable/);
    }
  });

  it.each([
    ['{% if issue.title %}x{% endif %}', /no tags/],
    ['{% include "/etc/passwd" %}', /no tags/],
    ['{% raw %}{{ x }}{% endraw %}', /no tags/],
    ['{{ issue.title', /line 1, column 1/],
    ['{{ }}', /cannot be read/],
    ['{{ issue[event.type] }}', /begin with one variable/],
    ['{{ issue.title == event.type }}', /begin with one variable/],
    ['{{ (1..100000000) }}', /begin with one variable/],
    ['{{ 5 }}', /begin with one variable/],
    ['{{ issue.labels }}', /is a list/],
    ['{{ issue.labels[0] }}', /begin with one variable/],
    ['{{ issue.labels.size }}', /unknown variable/],
    ['{{ issue.title | date: "%5000000d" }}', /unknown filter/],
    ['{{ issue.title | default }}', /takes one argument/],
    ['{{ issue.title | default: issue.url }}', /text in quotes/],
    ['{{ issue.title | default: "x", allow_false: true }}', /takes one argument/],
    ['{{ issue.title | truncate: 1e9 }}', /cannot be read|whole number/],
    ['{{ issue.title | truncate: 1000000000 }}', /whole number/],
    ['{{ issue.title | upcase: 1 }}', /takes no argument/],
    ['{{ issue.title }}'.repeat(33), /at most 32/],
    ['x'.repeat(16_385), /at most 16384/],
  ])('refuses %s', (text, problem) => {
    expect(problemOf(text)).toMatch(problem);
  });

  it('fails for what is absent or empty, unless it says what stands for it', () => {
    const absent = [values({}), values({ 'issue.title': '' })];
    for (const nothing of absent) {
      expect(() => template('a {{ issue.title }}').render(nothing)).toThrow(
        'issue.title is absent in this event',
      );
      expect(() => template('{{ issue.title | upcase | default: "x" }}').render(nothing)).toThrow(
        TemplateError,
      );
      expect(template('{{ issue.title | default: "" }}').render(nothing)).toBe('');
      expect(template('{{ issue.title | default: "none" }}').render(nothing)).toBe('none');
    }
    const labels = template('{{ issue.labels | default: "none" | join: "," }}');
    expect(labels.render(values({ 'issue.labels': [] }))).toBe('none');
    expect(labels.render(values({ 'issue.labels': ['a b', 'c'] }))).toBe('a b,c');
  });

  it('fails where a filter leaves nothing, unless a default says what then', () => {
    const title = values({ 'issue.title': '!?' });
    expect(() => template('{{ issue.title | slugify }}').render(title)).toThrow(/nothing is left/);
    expect(template('{{ issue.title | slugify | default: "x" }}').render(title)).toBe('x');
    expect(template('').render(title)).toBe('');
  });

  it('has filters that are bounded by their input', () => {
    const title = values({ 'issue.title': '  Über 😀 Grün!  ' });
    const shown = (filters: string) => template(`{{ issue.title | ${filters} }}`).render(title);
    expect(shown('slugify')).toBe('uber-grun');
    expect(shown('strip | truncate: 6')).toBe('Über 😀');
    expect(shown('strip | downcase')).toBe('über 😀 grün!');
    expect(shown('strip | upcase')).toBe('ÜBER 😀 GRÜN!');
    const long = values({ 'issue.title': 'x'.repeat(128 * 1024 + 1) });
    expect(() => template('{{ issue.title | truncate: 1 }}').render(long)).toThrow(/longer than/);
  });

  it('tells text that is literal', () => {
    expect(template('-x').literal).toBe(true);
    expect(template('--t={{ issue.title }}').literal).toBe(false);
    const braces = template('{{ "{{" }}.Names{{ "}}" }}');
    expect(braces.literal).toBe(true);
    expect(braces.render(values({}))).toBe('{{.Names}}');
  });
});
