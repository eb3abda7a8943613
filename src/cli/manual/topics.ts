/** What the manual says before it lists the commands: plain paragraphs, code in backticks. */
export interface Topic {
  title: string;
  paragraphs: readonly string[];
}

export const TOPICS: readonly Topic[] = [
  {
    title: 'Which service, and as whom',
    paragraphs: [
      'In a built clone of the repository the command is `npx risoluto`; `npm install --global .` there makes it `risoluto` everywhere.',
      'It talks to `--url`, else to `RISOLUTO_URL`, else to this machine at `RISOLUTO_PORT`, else to the service that `npm run quickstart` of the same clone started, else to `http://127.0.0.1:4000`. A path in the address is kept, for a service behind a reverse proxy. `NODE_EXTRA_CA_CERTS` names a file with the certificate authority of your own. Redirects are not followed.',
      'Tokens are never arguments: writes send `RISOLUTO_WRITE_TOKEN`, reads `RISOLUTO_READ_TOKEN` or, without it, the write token; `--token-file` names a file with one token for both. A token that would cross a network without TLS is warned about.',
      '`--json` makes the answer JSON on standard output, and an error one line `{"error":{"code","message"}}` on standard error.',
    ],
  },
  {
    title: 'Files of a run',
    paragraphs: [
      '`risoluto run --upload DIR` makes what is in DIR the workspace, all of it, `.git` too, and nothing of an earlier workspace stays; the HOME of the issue does. Links are sent as links, and one that leads out of DIR is refused; sockets and FIFOs are left out. `--download DIR` takes the workspace into DIR, which must be empty or missing, when the run has ended, however it ended, unless it was interrupted. Nothing is written outside DIR; links that lead out of it are left out. What is left out is told on standard error.',
      'While another run uses the workspace both wait, for as long as `--reconnect-timeout` says. Between upload, run and download another job of the same issue can come in, so give each job an issue of its own.',
      'A file that cannot be read, or an archive that does not arrive whole, ends `risoluto run` with 119; a run that failed keeps its own exit code. What the service refuses is 121.',
    ],
  },
  {
    title: 'How a run is followed',
    paragraphs: [
      '`risoluto run` writes what the command writes to its own standard output and standard error, as it comes. Bytes that are not UTF-8 become U+FFFD, and values of secrets `***`, as everywhere. Lines of its own begin with `risoluto:` and go to standard error: that the run did not simply succeed, that the service is away, that the output limit was reached. Only a terminal sees progress.',
      'The request carries an idempotency key, so a request whose answer was lost is sent again and starts nothing twice. When the connection breaks or the service restarts, the command goes on; output is taken up behind the last piece that was shown, and no line is lost or shown twice. A service that is away for longer than `--reconnect-timeout` ends `risoluto run` with 123 and leaves the run alone.',
      'Ctrl-C, SIGTERM, SIGHUP, or a reader that goes away (`risoluto run … | head`) cancel the run: it is asked to end, its last output is shown, and the exit code is 130, even when the command ended well meanwhile. While the service is away the cancellation waits for it. A second Ctrl-C leaves at once and names the run.',
      'The exit code is the command’s. A run that the memory limit ended has the code of the killed command, 137. Where the command itself ends with one of the codes below, the line on standard error, or `status` with `--json`, tells the difference.',
      'With `--json`, standard output is one JSON object a line: records `{"seq","at","turn","stream","text"}`, and `{"run":{…}}` at the end.',
    ],
  },
];

/** A session in which each line works behind the one before, for a service on this machine. */
export const FIRST_SESSION: readonly string[] = [
  "printf '%s' hello-from-a-secret | npx risoluto secrets set GREETING",
  "npx risoluto run --issue MT-1 --secret GREETING -- sh -c 'echo ${#GREETING} characters; id'",
  'ID=$(npx risoluto run --issue MT-1 --detach -- echo later)',
  'npx risoluto logs --follow "$ID"',
  'npx risoluto show "$ID"',
  'npx risoluto runs --issue MT-1',
  'npx risoluto audit verify',
];
