/** How a program that runs other text is told which. */
interface Interpreter {
  readonly names: RegExp;
  /** Options whose value is program text; none: the first operand is. */
  readonly textOptions?: RegExp;
  /** Options whose value is something else. */
  readonly valueOptions?: RegExp;
  /** Whatever stands behind it is program text. */
  readonly all?: true;
}

const INTERPRETERS: readonly Interpreter[] = [
  {
    names: /^(ba|da|a|z|k|mk|c|tc|fi|r)?sh$/,
    valueOptions: /^([-+][A-Za-z]*[oO]|--rcfile|--init-file)$/,
  },
  {
    names: /^(python|pypy)[\d.]*$/,
    textOptions: /^-[A-Za-z]*[cm]$/,
    valueOptions: /^-[A-Za-z]*[WX]$/,
  },
  { names: /^(perl|ruby)[\d.]*$/, textOptions: /^-[A-Za-z]*[eEr]$/, valueOptions: /^-[IC]$/ },
  {
    names: /^(node|nodejs|bun|deno)$/,
    textOptions: /^(-e|-p|-pe|-r|--eval|--print|--require|--import|eval)$/,
  },
  { names: /^php[\d.]*$/, textOptions: /^-[rBRE]$/, valueOptions: /^-[dc]$/ },
  { names: /^(g|m|n)?awk$/, textOptions: /^-[ef]$/, valueOptions: /^-[vF]$/ },
  { names: /^sed$/, textOptions: /^-[A-Za-z]*[ef]$/ },
  { names: /^(eval|ssh|su|runuser|script|watch|parallel)$/, all: true },
];

/** Programs that start the one that their arguments name, and how many operands stand before it. */
const WRAPPERS: ReadonlyMap<string, number> = new Map([
  ...(
    'env sudo doas nice ionice nohup setsid stdbuf time xargs exec busybox toybox tini dumb-init ' +
    'unshare npx strace ltrace'
  )
    .split(' ')
    .map((name): [string, number] => [name, 0]),
  ['timeout', 1],
  ['flock', 1],
  ['chroot', 1],
]);

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/**
 * The places in `command` whose text an interpreter that is known would run: the program itself, its
 * options and its first operand, or what stands behind `-c`, `-e` and the like. Nothing of an event
 * may stand there, since it would be run. A help against what is usual, not a proof: what a program
 * that is not known does with its arguments is not known either.
 */
export function programText(command: readonly string[]): ReadonlySet<number> {
  const places = new Set([0]);
  const operands = WRAPPERS.get(nameOf(command[0]));
  if (operands !== undefined) startedBy(command, operands, places);
  const last = operands === undefined ? 1 : command.length;
  for (let index = 0; index < last; index += 1) {
    const name = nameOf(command[index]);
    const interpreter = INTERPRETERS.find(({ names }) => names.test(name));
    if (interpreter !== undefined) readBy(interpreter, command, index, places);
  }
  return places;
}

/** All up to the program that a wrapper starts; values may stand in variables that it sets. */
function startedBy(command: readonly string[], operands: number, places: Set<number>): void {
  let left = operands;
  for (let index = 1; index < command.length; index += 1) {
    const element = command[index] ?? '';
    if (ASSIGNMENT.test(element)) continue;
    places.add(index);
    if (element.startsWith('-')) continue;
    if (left === 0) return;
    left -= 1;
  }
}

function nameOf(element = ''): string {
  return element.slice(element.lastIndexOf('/') + 1);
}

function readBy(
  { textOptions, valueOptions, all }: Interpreter,
  command: readonly string[],
  at: number,
  places: Set<number>,
): void {
  let given = false;
  places.add(at);
  for (let index = at + 1; index < command.length; index += 1) {
    const element = command[index] ?? '';
    places.add(index);
    if (all === true) continue;
    if (valueOptions?.test(element) === true) {
      places.add((index += 1));
    } else if (textOptions?.test(element) === true) {
      places.add((index += 1));
      given = true;
    } else if (element === '--' || !/^[-+]/.test(element)) {
      // The first operand is the program, unless an option was; all others are its arguments.
      const operand = element === '--' ? index + 1 : index;
      if (given) places.delete(operand);
      else places.add(operand);
      return;
    }
  }
}
