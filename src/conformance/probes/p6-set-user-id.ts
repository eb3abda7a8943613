import { insideProbe } from '../inside-probe.js';

/**
 * A copy of `id` is made set-user-id. In the sandbox it can only be the user’s own; in the unlocked
 * container it is root’s, and another user runs it. Then whatever the image has of that kind: it is
 * started, and its effective user is looked at while it runs.
 */
const COPY = `copy=$(command -v id)
for place in "$TMPDIR" /tmp /home/agent /workspace; do [ -n "$place" ] && cp "$copy" "$place/set-id" 2>/dev/null && break; done
chmod 4755 "$place/set-id" 2>/dev/null; echo "mode $(ls -l "$place/set-id" | cut -c1-10)"`;

const IN_SANDBOX = `command -v perl >/dev/null || { echo "missing perl"; exit; }
${COPY}; echo "own $(id -u)"; echo "copy $("$place/set-id" -u)"; rm -f "$place/set-id"`;

const UNLOCKED = `command -v perl >/dev/null || { echo "missing perl"; exit; }
${COPY}; echo "own 65534"; echo "copy $(perl -e '$( = $) = "65534 65534"; $< = $> = 65534; exec @ARGV' "$place/set-id" -u)"`;

const OTHERS = `
for file in $(find / -xdev -type f -perm -4000 2>/dev/null | head -50); do
  perl -e 'my ($file, $most) = (shift, 0); my $pid = fork;
    if (!$pid) { open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">&STDOUT"; exec $file, "--version" or exit }
    for (1 .. 2000) { open(my $status, "<", "/proc/$pid/status") or last; local $/; my $text = <$status>;
      last if $text =~ /^State:\\s+Z/m; if ($text =~ /^Uid:\\s+\\d+\\s+(\\d+)/m && $1 != $<) { $most = 1; last } }
    kill 9, $pid; waitpid $pid, 0; print "file:$file ", ($most ? "raised" : "same"), "\\n"' "$file"
done; true`;

export const setUserId = insideProbe({
  id: 'P6',
  title: 'A set-user-id program stays who it is',
  group: 'privilege',
  script: (_subject, where) => (where === 'sandbox' ? IN_SANDBOX + OTHERS : UNLOCKED),
  problems: (found) => [
    ...(found.copy === found.own && found.copy !== undefined
      ? []
      : [`a copy of id ran as ${found.copy ?? 'nobody'} for ${found.own ?? 'nobody'}`]),
    ...Object.entries(found)
      .filter(([name, value]) => name.startsWith('file:') && value === 'raised')
      .map(([name]) => `${name.slice(5)} runs as another user`),
  ],
  vacuous: ({ copy, own }, { gvisor }) =>
    gvisor && copy === own ? 'gVisor honours no set-user-id file, whoever runs it' : null,
  unproven: ({ copy, own }) =>
    copy === '0' && own !== '0' ? [] : ['a copy of id that runs as root'],
  seen: (found) => {
    const files = Object.keys(found).filter((name) => name.startsWith('file:'));
    return `A set-user-id copy of id stays ${found.own}, where one of root’s makes 65534 root without the controls; the image has ${files.length} such files, which raise nobody.`;
  },
});
