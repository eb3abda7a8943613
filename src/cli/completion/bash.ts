import type { Place } from './candidates.js';
import { quotedWord } from '../../kernel/shell-words.js';

/**
 * A script for bash 4 and later that knows the whole command line, so that TAB starts no program.
 * `=` and `:` are words of their own to bash, so a value may be several words.
 */
export function bashCompletion(places: readonly Place[]): string {
  return `# bash completion for risoluto:  source <(risoluto completion bash)
_risoluto() {
  local current=\${COMP_WORDS[COMP_CWORD]} place='' skip='' word index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      =|:) skip=1; continue ;;
    esac
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$place:$word" in
      *:--) return ;;
${stepsOf(places)}
    esac
  done
  [[ -z $skip && $current != [=:] ]] || return
  case $place in
${places.map(offer).join('\n')}
  esac
}
complete -o default -F _risoluto risoluto
`;
}

/** What each word that stands before the cursor leads to; the same `case` for bash and zsh. */
export function stepsOf(places: readonly Place[]): string {
  return places.flatMap(steps).join('\n');
}

function steps({ path, valueOptions, subcommands, passesThrough }: Place): string[] {
  const here = (word: string) => quotedWord(`${path}:${word}`);
  return [
    ...(valueOptions.length > 0 ? [`      ${valueOptions.map(here).join('|')}) skip=1 ;;`] : []),
    ...subcommands.map((below) => `      ${here(below.word)}) place=${quotedWord(below.path)} ;;`),
    `      ${quotedWord(`${path}:`)}-*) ;;`,
    ...(passesThrough ? [`      ${quotedWord(`${path}:`)}*) return ;;`] : []),
  ];
}

function offer({ path, candidates }: Place): string {
  const words = candidates.map(({ word }) => word).join(' ');
  return `    ${quotedWord(path)}) COMPREPLY=($(compgen -W ${quotedWord(words)} -- "$current")) ;;`;
}
