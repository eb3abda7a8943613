import { readFileSync } from 'node:fs';

/**
 * With the pid it names one process of this boot, whatever the pid is used for later. Undefined when
 * there is no such process, or only its remains.
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
