import { quotedWord } from '../../kernel/shell-words.js';
import type { Reach } from './reach-script.js';

/**
 * For the unlocked container, which has no network: gives its own loopback every address that is to
 * be reached, and answers there at every port, TCP and UDP, DNS too. So the same tries are made where
 * nothing stands in the way, and no packet leaves the container. `missing …` without perl or python3.
 */
export function worldScript(tries: readonly Reach[], script: string): string {
  const addresses = [...new Set(tries.map(({ host }) => host))];
  const ports = [...new Set(tries.map(({ port }) => port))].filter((port) => port !== 0);
  const words = [...addresses, '--', ...ports].map((word) => quotedWord(String(word)));
  return `up=/risoluto-world-$$
serve() { if command -v perl >/dev/null; then exec perl -e '${PERL}' -- "$@"
elif command -v python3 >/dev/null; then exec python3 -c '${PYTHON}' "$@"; fi; }
( serve $up ${words.join(' ')} ) & world=$!
n=0; while [ ! -e $up ] && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
( ${script}
)
kill $world 2>/dev/null; rm -f $up; true`;
}

/** RTM_NEWADDR for each address on `lo`, with IFA_F_NODAD so that an IPv6 one serves at once. */
const PERL = `use Socket qw(:all);
my ($up, @words) = @ARGV; my (@addresses, @ports);
while (@words) { my $word = shift @words; if ($word eq "--") { @ports = @words; last } push @addresses, $word }
socket(my $netlink, 16, 3, 0) or die;
for my $text (@addresses) {
  next if $text =~ /^127\\./; my $family = $text =~ /:/ ? AF_INET6 : AF_INET;
  my $packed = inet_pton($family, $text) or next; my $length = 4 + length $packed;
  my $body = pack("C4L", $family, 8 * length $packed, 2, 0, 1) . pack("SS", $length, 1) . $packed . pack("SS", $length, 2) . $packed;
  send($netlink, pack("LSSLL", 16 + length $body, 20, 0x605, 1, 0) . $body, 0, pack("SSLL", 16, 0, 0, 0)); recv($netlink, my $ack, 4096, 0);
}
my (%tcp, %udp, %sctp);
# A datagram to a loopback address must be answered from there.
for my $own ("0.0.0.0", "::", grep { /^127\\./ } @addresses) { for my $port (@ports) {
  my $family = $own =~ /:/ ? AF_INET6 : AF_INET;
  my $at = $family == AF_INET6 ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $own)) : pack_sockaddr_in($port, inet_aton($own));
  for my $kind ([\\%tcp, SOCK_STREAM, 6], [\\%udp, SOCK_DGRAM, 17], [\\%sctp, SOCK_STREAM, 132]) {
    socket(my $s, $family, $kind->[1], $kind->[2]) or next; setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
    setsockopt($s, 41, 26, 1) if $family == AF_INET6;
    bind($s, $at) or next; $kind->[1] == SOCK_DGRAM or listen($s, 100) or next; $kind->[0]{fileno $s} = $s;
  }
} }
open(my $done, ">", $up); close $done; my %open;
for (;;) {
  my $set = ""; vec($set, $_, 1) = 1 for keys %tcp, keys %udp, keys %sctp, keys %open; select($set, undef, undef, undef);
  for my $n (keys %tcp, keys %sctp) { next if !vec($set, $n, 1); accept(my $c, $tcp{$n} || $sctp{$n}) and $open{fileno $c} = $c }
  for my $n (keys %udp) { next if !vec($set, $n, 1); my $from = recv($udp{$n}, my $in, 4096, 0);
    substr($in, 2, 2) = pack("n", 0x8180) if length $in >= 12; send($udp{$n}, $in || "world", 0, $from) }
  for my $n (keys %open) { next if !vec($set, $n, 1); my $s = $open{$n};
    my $in = ""; sysread($s, $in, 4096) ? syswrite($s, "world") : delete $open{$n} }
}`;

const PYTHON = `import select, socket, struct, sys
up, words = sys.argv[1], sys.argv[2:]
at = words.index("--"); addresses, ports = words[:at], [int(p) for p in words[at + 1:]]
netlink = socket.socket(16, socket.SOCK_RAW, 0)
for text in addresses:
    if text.startswith("127."): continue
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try: packed = socket.inet_pton(family, text)
    except OSError: continue
    attribute = lambda kind: struct.pack("HH", 4 + len(packed), kind) + packed
    body = struct.pack("BBBBI", family, 8 * len(packed), 2, 0, 1) + attribute(1) + attribute(2)
    netlink.send(struct.pack("IHHII", 16 + len(body), 20, 0x605, 1, 0) + body); netlink.recv(4096)
listening, datagrams, connected = [], [], []
for any in ["0.0.0.0", "::"] + [a for a in addresses if a.startswith("127.")]:
    family = socket.AF_INET6 if ":" in any else socket.AF_INET
    for port in ports:
        for kind, number in ((socket.SOCK_STREAM, 6), (socket.SOCK_DGRAM, 17), (socket.SOCK_STREAM, 132)):
            try:
                s = socket.socket(family, kind, number)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6: s.setsockopt(41, 26, 1)
                s.bind((any, port))
                if kind == socket.SOCK_STREAM: s.listen(100)
                (listening if kind == socket.SOCK_STREAM else datagrams).append(s)
            except OSError: pass
open(up, "w").close()
while True:
    for s in select.select(listening + datagrams + connected, [], [])[0]:
        if s in listening: connected.append(s.accept()[0])
        elif s in datagrams:
            data, sender = s.recvfrom(4096)
            if len(data) >= 12: data = data[:2] + b"\\x81\\x80" + data[4:]
            s.sendto(data or b"world", sender)
        else:
            try: data = s.recv(4096)
            except OSError: data = b""
            if data: s.send(b"world")
            else: connected.remove(s)`;
