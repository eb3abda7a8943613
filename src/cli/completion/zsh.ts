import { stepsOf } from './bash.js';
import type { Candidate, Place } from './candidates.js';
import { quotedWord } from '../../kernel/shell-words.js';

export function zshCompletion(places: readonly Place[]): string {
  return `#compdef risoluto
# zsh completion for risoluto:  source <(risoluto completion zsh)
_risoluto() {
  local place='' skip='' word index
  local -a candidates
  for ((index = 2; index < CURRENT; index++)); do
    word=$words[index]
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$place:$word" in
      *:--) _files; return ;;
${stepsOf(places).replaceAll(') return ;;', ') _files; return ;;')}
    esac
  done
  if [[ -n $skip ]]; then _files; return; fi
  case $place in
${places.map(offer).join('\n')}
  esac
  _describe -o risoluto candidates || _files
}
if [[ $funcstack[1] == _risoluto ]]; then _risoluto "$@"; else compdef _risoluto risoluto; fi
`;
}

function offer({ path, candidates }: Place): string {
  return `    ${quotedWord(path)}) candidates=(${candidates.map(described).join(' ')}) ;;`;
}

function described({ word, means }: Candidate): string {
  return quotedWord(`${word.replaceAll(':', '\\:')}:${means}`);
}
