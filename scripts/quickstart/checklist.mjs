import { say } from '../lib/progress.mjs';
import { read } from './api.mjs';

/** Shows what fails in the checklist, and counts the rest. */
export async function tellChecklist() {
  const { items } = await read('/api/v1/hardening');
  for (const { status, title, detail } of items) {
    if (status === 'fail') say(`✗ ${title}: ${detail}`);
  }
  /** @param {string} status */
  const count = (status) => items.filter((item) => item.status === status).length;
  say(`${count('fail')} fail, ${count('warn')} warn, ${count('pass')} pass`);
  say('each with a command that mends it: npx risoluto doctor');
}
