import { insideProbe } from '../inside-probe.js';
import { MOUNTS_SCRIPT, mountsIn } from '../inside/file-scripts.js';

const SHARE = `command -v mount >/dev/null || { echo "missing mount"; exit; }
mount --make-shared /risoluto-extra || echo "share failed"`;

/** Of the image’s own files and of the kernel’s: nothing of the host is mounted there. */
const OF_THE_ENGINE = /^\/($|sys\/|proc\/|dev\/)/;

export const propagation = insideProbe({
  id: 'F12',
  title: 'No mount is shared with the host',
  group: 'file system',
  script: (_subject, where) => (where === 'sandbox' ? MOUNTS_SCRIPT : `${SHARE}\n${MOUNTS_SCRIPT}`),
  problems: (found) => [
    ...mountsIn(found)
      .filter(({ propagation: tags }) => tags.includes('shared:'))
      .map(({ path }) => `${path} is shared`),
    ...mountsIn(found)
      .filter(
        ({ path, propagation: tags }) => tags.includes('master:') && !OF_THE_ENGINE.test(path),
      )
      .map(({ path }) => `${path} follows the host’s mounts`),
    ...(mountsIn(found).length > 0 ? [] : ['no mount is told of']),
  ],
  vacuous: (control, { gvisor }) =>
    gvisor && control.share === 'failed' ? 'gVisor shows no propagation inside' : null,
  seen: () => 'All are private; the same look finds one that is made shared.',
});
