/**
 * The exit codes of `risoluto` itself. They lie where shells and commands seldom go (below 126, which
 * shells use), since `risoluto run` ends with the exit code of the command that it ran. Never renumbered.
 */
export const EXIT = {
  ok: 0,
  /** The question was answered, and the answer is no. */
  negative: 1,
  /** What is done is whole, and something that was asked for is left out of it. */
  incomplete: 118,
  transferFailed: 119,
  usage: 120,
  refused: 121,
  unauthorized: 122,
  unreachable: 123,
  timedOut: 124,
  runFailed: 125,
  cancelled: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** For people: every `--help` ends with it, and so does the manual. */
export const EXIT_CODE_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done'],
  [
    EXIT.negative,
    'the answer is no: a broken audit chain, a failed check, a wrong configuration, no run to start',
  ],
  [EXIT.incomplete, 'done, but for workspaces that could not be taken or put back; each is named'],
  [EXIT.transferFailed, '`run --upload` or `--download` could not send or take the files'],
  [EXIT.usage, 'wrong command line or input'],
  [EXIT.refused, 'the service refused the request; the message has its code'],
  [EXIT.unauthorized, 'a token is missing or not valid'],
  [EXIT.unreachable, 'the service cannot be reached, or was away for too long'],
  [EXIT.timedOut, 'the run passed its time limit'],
  [EXIT.runFailed, 'the run ended without an exit code of its command'],
  [EXIT.cancelled, 'cancelled, by Ctrl-C or by somebody else'],
];
