import type { Place } from './candidates.js';

export function fishCompletion(places: readonly Place[]): string {
  return `# fish completion for risoluto:  risoluto completion fish | source
function __risoluto_place
    set -l place ''
    set -l skip ''
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    for word in $words[2..]
        if test -n "$skip"
            set skip ''
            continue
        end
        switch "$place:$word"
            case '*:--'
                echo elsewhere
                return
${places.flatMap(steps).join('\n')}
        end
    end
    test -n "$skip"; and echo elsewhere; or echo "$place"
end
function __risoluto_is
    test x(__risoluto_place) = x"$argv"
end
complete --command risoluto --no-files --condition 'not __risoluto_is elsewhere'
${places.flatMap(offers).join('\n')}
`;
}

function steps({ path, valueOptions, subcommands, passesThrough }: Place): string[] {
  const here = (word: string) => quoted(`${path}:${word}`);
  const cases = [
    ...(valueOptions.length > 0 ? [[valueOptions.map(here).join(' '), 'set skip 1']] : []),
    ...subcommands.map((below) => [here(below.word), `set place ${quoted(below.path)}`]),
    [quoted(`${path}:-*`), ''],
    ...(passesThrough ? [[quoted(`${path}:*`), 'echo elsewhere; return']] : []),
  ];
  return cases.flatMap(([pattern, then]) => [
    `            case ${pattern}`,
    ...(then === '' ? [] : [`                ${then}`]),
  ]);
}

function offers({ path, candidates }: Place): string[] {
  const where = `--condition ${quoted(`__risoluto_is ${quoted(path)}`)}`;
  return candidates.map(
    ({ word, means }) =>
      `complete --command risoluto ${where} --arguments ${quoted(word)} --description ${quoted(means)}`,
  );
}

/** In single quotes, fish escapes quote and backslash. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
