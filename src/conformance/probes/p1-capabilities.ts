import { insideProbe } from '../inside-probe.js';
import { statusScript } from '../inside/status-script.js';

/** gVisor shows no ambient set. */
const SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];

export const capabilities = insideProbe({
  id: 'P1',
  title: 'No capability in any set',
  group: 'privilege',
  script: () => statusScript(SETS),
  problems: (found, { gvisor }) =>
    SETS.flatMap((name) => {
      const value = found[`status:${name}`];
      if (value === undefined) return gvisor && name === 'CapAmb' ? [] : [`${name} is not shown`];
      return /^0+$/.test(value) ? [] : [`${name} is ${value}`];
    }),
  unproven: (control) =>
    /^0*$/.test(control['status:CapEff'] ?? '') ? ['a capability that was given'] : [],
  seen: (_found, control) =>
    `All are 0; the same look at a container that has some shows CapEff ${control['status:CapEff']}.`,
});
