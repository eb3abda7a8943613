import { DomainError } from '../kernel/domain-error.js';
import { CODEX_HOME } from './container-mounts.js';
import { quote } from './shell-quote.js';

/**
 * `nothing`: `/dev/null`. `open`: what is written to the container after the acknowledgement was seen.
 * A text: that, and then the end of input.
 */
export type FrameInput = 'nothing' | 'open' | { readonly text: string };

/** Absolute paths inside. Missing directories are made, 0700; what stands at a path is replaced. */
export interface FrameFiles {
  /** Mode 0600. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Symbolic links to directories, which are made where they are missing. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

/** A shell holds the whole frame before it runs any of it. */
const FILES_LIMIT_BYTES = 1024 * 1024;
/** On a tmpfs that every sandbox has, whatever its policy. */
const INPUT_FILE = `${CODEX_HOME}/.risoluto-input`;
/** As for a command that cannot be executed. */
const CANNOT_EXECUTE = 126;

/** A script that writes the files. In a subshell: the command keeps the umask that it has. */
export function fileScript({ files, links }: FrameFiles): Buffer {
  let bytes = 0;
  for (const { text } of files) bytes += Buffer.byteLength(text);
  if (bytes > FILES_LIMIT_BYTES) throw refusal(`must fit in ${FILES_LIMIT_BYTES} bytes together`);
  const lines = [
    ...files.map(({ path, text }) => {
      const directory = quote(parentOf(path));
      return script`mkdir -p -- ${directory} && rm -f -- ${quote(path)} && printf %s ${word(text)} >${quote(path)}`;
    }),
    ...links.map(({ path, target }) => {
      const made = script`mkdir -p -- ${quote(absolute(target))} ${quote(parentOf(path))}`;
      return script`${made} && rm -f -- ${quote(path)} && ln -s -- ${quote(target)} ${quote(path)}`;
    }),
  ];
  if (lines.length === 0) return Buffer.alloc(0);
  const all = lines.flatMap((line) => [line, Buffer.from(' || exit 1\n')]);
  return script`(umask 077\n${Buffer.concat(all)}) </dev/null || exit ${CANNOT_EXECUTE}\n`;
}

/** A script that gives what comes after it its input. */
export function inputScript(input: FrameInput): Buffer {
  if (input === 'open') return Buffer.alloc(0);
  if (input === 'nothing') return Buffer.from('exec </dev/null\n');
  const path = quote(INPUT_FILE);
  const written = fileScript({ files: [{ path: INPUT_FILE, text: input.text }], links: [] });
  return script`${written}exec <${path}\nrm -f -- ${path} </dev/null\n`;
}

function script(strings: TemplateStringsArray, ...values: (Buffer | number)[]): Buffer {
  return Buffer.concat(
    strings.flatMap((text, index) => {
      const value = values[index];
      return [
        Buffer.from(text),
        ...(value === undefined
          ? []
          : [Buffer.from(typeof value === 'number' ? `${value}` : value)]),
      ];
    }),
  );
}

function parentOf(path: string): string {
  return absolute(path).slice(0, path.lastIndexOf('/')) || '/';
}

function absolute(path: string): string {
  if (path.startsWith('/') && !path.includes('\0')) return path;
  throw refusal('must have absolute paths');
}

function word(text: string): Buffer {
  if (text.includes('\0')) throw refusal('must not contain NUL');
  return quote(text);
}

function refusal(message: string): DomainError {
  return new DomainError('validation_failed', 'The files of the agent cannot be written as asked', {
    details: [{ field: 'files', message }],
  });
}
