// Tries things from inside a sandbox, all at once. Argument: probes by name, as JSON, each with `do`, the
// name of the function that tries it. Prints what became of them, by name.
import { crowd, stall } from './crowd.mjs';
import { bash, dns, lookup, scan, tcp, udp } from './direct.mjs';
import { raw, tunnel } from './tunnel.mjs';

const TRIES = { bash, crowd, dns, lookup, raw, scan, stall, tcp, tunnel, udp };

const outcomes = await Promise.all(
  Object.entries(JSON.parse(process.argv[2] ?? '{}')).map(
    async ([name, { do: what, ...probe }]) => {
      try {
        return [name, await TRIES[what](probe)];
      } catch (error) {
        return [name, { error: error.code ?? error.message }];
      }
    },
  ),
);
process.stdout.write(JSON.stringify(Object.fromEntries(outcomes)), () => process.exit());
