import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse } from 'yaml';

import { judgedSettings } from '../../src/judged-settings.js';
import type { Block } from './markdown.js';

/** What is wrong with a block that is not run; null when nothing is. */
export function checkBlock(block: Block): string | null {
  switch (block.language) {
    case '':
    case 'text':
    case 'dockerfile':
      return null;
    case 'json':
      return complaintOf(() => void JSON.parse(block.text));
    case 'yaml':
      return complaintOf(() => checkYaml(block.text));
    case 'ini':
      return complaintOf(() => checkUnit(block.text));
    default:
      return `nothing checks a block of “${block.language}”: use sh, text, json, yaml, ini or dockerfile`;
  }
}

function complaintOf(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Settings, as the service itself reads them. */
function checkYaml(text: string): void {
  const document = parse(text) as unknown;
  if (typeof document !== 'object' || document === null) throw new Error('not a map');
  const directory = mkdtempSync(join(tmpdir(), 'risoluto-docs-'));
  try {
    const file = join(directory, 'risoluto.yaml');
    writeFileSync(file, text);
    judgedSettings({ RISOLUTO_CONFIG: file, DATA_DIR: directory });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A systemd unit: sections, and assignments below them. */
function checkUnit(text: string): void {
  let section = '';
  for (const line of text.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
    const header = /^\[(Unit|Service|Install|Socket|Timer)\]$/.exec(line);
    if (header !== null) section = header[1] ?? '';
    else if (section === '' || !/^[A-Z][A-Za-z]+=\S/.test(line))
      throw new Error(`bad line: ${line}`);
  }
}
