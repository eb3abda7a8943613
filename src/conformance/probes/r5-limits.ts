import { insideProbe } from '../inside-probe.js';

export const limits = insideProbe({
  id: 'R5',
  title: 'No core files, and a bound on open files',
  group: 'resources',
  script: () =>
    'echo "core $(ulimit -c)"; echo "hard-core $(ulimit -H -c)"; echo "files $(ulimit -H -n)"',
  problems: ({ core, 'hard-core': hard, files = '' }) => [
    ...(core === '0' && hard === '0' ? [] : [`core files may have ${core} blocks`]),
    ...(Number(files) > 0 && Number(files) <= 16_384 ? [] : [`${files} files may be open`]),
  ],
  seen: ({ files }) => `No core files and ${files} open files; other limits are told as such.`,
});
