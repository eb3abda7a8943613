import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A repository with a submodule `libs/sub`, and the settings of agents beside it. */
export const PLANT = `
set -e
cd /workspace
git init -q -b main .
git config user.name Agent; git config user.email agent@example.org
git config extensions.worktreeConfig true; git config --worktree probe.worktree yes
printf 'one\\n' > file; git add file; git commit -qm one
printf '*.bin filter=none\\n' > .git/info/attributes
printf '#!/bin/sh\\n' > .git/hooks/pre-commit; chmod 755 .git/hooks/pre-commit
mkdir -p .git/modules/libs; git init -q --separate-git-dir .git/modules/libs/sub sub
mkdir .codex; printf 'model = "m"\\n' > .codex/config.toml; printf '{}\\n' > .mcp.json
mkdir plain; printf 'plain\\n' > plain/file
`;

export const GUARDED_FILES = [
  '.git/config',
  '.git/config.worktree',
  '.git/hooks/pre-commit',
  '.git/info/attributes',
  '.git/modules/libs/sub/config',
  '.git/modules/libs/sub/hooks/pre-commit.sample',
  '.codex/config.toml',
  '.mcp.json',
];
export const GUARDED_DIRECTORIES = [
  '.git/hooks',
  '.git/info',
  '.git/modules/libs/sub/hooks',
  '.codex',
];
/** What they lie in; the innermost first. */
const HELD_DIRECTORIES = ['.git/modules/libs/sub', '.git/modules/libs', '.git/modules', '.git'];

/** What follows prints `NAME done` or `NAME refused` of each try. */
const PERL = `
use strict; use warnings FATAL => 'uninitialized';
my $w = '/workspace';
sub try { my ($name, $path, $code) = @_; print "$name:$path ", ($code->("$w/$path") ? 'done' : 'refused'), "\\n" }
sub put { my ($path, $how) = @_; open(my $f, $how // '>', $path) or return 0; print $f "evil\\n"; close $f }
sub exchange { my ($one, $other) = @_; syscall(316, -100, $one, -100, $other, 2) == 0 }
sub there_and_back { my ($from, $to) = @_; rename($from, $to) and rename($to, $from) }
`;

/** Each leaves the file there again; the last one takes it away. gVisor of 2022 has no exchange. */
const ON_FILES = `
my @on_files = (
  write => sub { put($_[0]) },
  append => sub { put($_[0], '>>') },
  truncate => sub { truncate($_[0], 0) },
  mode => sub { chmod(0666, $_[0]) },
  time => sub { utime(1, 1, $_[0]) },
  link => sub { link($_[0], "$w/alias") and put("$w/alias", '>>') and unlink("$w/alias") },
  'link-beside' => sub { link($_[0], "$_[0].alias") and put("$_[0].alias") and unlink("$_[0].alias") },
  'open-again' => sub { open(my $r, '<', $_[0]) or die; put('/proc/self/fd/' . fileno($r)) },
  'by-another-root' => sub { put("/proc/self/root$_[0]") },
  'by-dots' => sub { put("$w/plain/.." . substr($_[0], length $w)) },
  over => sub { put("$w/new") and rename("$w/new", $_[0]) },
  'over-from-beside' => sub { put("$_[0].new") and rename("$_[0].new", $_[0]) },
  exchange => sub { put("$_[0].x") and exchange("$_[0].x", $_[0]) },
  'link-over' => sub { symlink("$w/plain/file", "$w/new-link") and rename("$w/new-link", $_[0]) },
  rename => sub { there_and_back($_[0], "$_[0].away") },
  unlink => sub { unlink("$w/new-link"); unlink($_[0]) },
);
`;
const ON_DIRECTORIES = `
my @on_directories = (
  rename => sub { there_and_back($_[0], "$_[0].away") },
  'rename-elsewhere' => sub { there_and_back($_[0], "$w/away") },
  exchange => sub { mkdir("$_[0].x"); exchange("$_[0].x", $_[0]) and exchange("$_[0].x", $_[0]) },
  'link-in-its-place' => sub {
    rename($_[0], "$w/away") and symlink("$w/away", $_[0]) and unlink($_[0]) and rename("$w/away", $_[0]) },
);
my @in_directories = (
  'make-file' => sub { put("$_[0]/new") },
  'make-directory' => sub { mkdir("$_[0]/new-directory") },
  'move-into' => sub { put("$w/new") and rename("$w/new", "$_[0]/moved") },
  'link-into' => sub { link("$w/plain/file", "$_[0]/linked") },
);
`;
const EACH = `
sub each_of { my ($paths, @tries) = @_;
  for my $path (@$paths) { for (my $n = 0; $n < @tries; $n += 2) { try($tries[$n], $path, $tries[$n + 1]) } } }
`;

const listed = (paths: readonly string[]) => `[qw(${paths.join(' ')})]`;
const perl = (text: string) => `perl - <<'END'\n${text}\nEND\n`;

/** Everything that a program can try with names and contents, as `parseFindings` reads it. */
export const TAMPER = perl(`${PERL}${ON_FILES}${ON_DIRECTORIES}${EACH}
each_of(${listed(HELD_DIRECTORIES)}, @on_directories);
each_of(${listed(GUARDED_DIRECTORIES)}, @on_directories, @in_directories);
each_of(${listed(GUARDED_FILES)}, @on_files);
`);

/** Whether anything guarded can be written where it lies, and whether `open` can. */
export function writes(open: string): string {
  return perl(`${PERL}
try('append', $_, sub { put($_[0], '>>') }) for @{${listed(GUARDED_FILES)}};
try('make', $_, sub { put("$_[0]/new") }) for @{${listed(GUARDED_DIRECTORIES)}};
try('open', '${open}', sub { put($_[0]) });
`);
}

/** A shell function that runs a command and prints `NAME done` or `NAME refused`. */
export const ATTEMPT = `
t() { name=$1; shift; if ( "$@" ) >/dev/null 2>&1 </dev/null; then echo "$name done"; else echo "$name refused"; fi; }
`;

/** What git would change of its own configuration. */
export const GIT_CONFIGURES = `${ATTEMPT}
cd /workspace
t config git config user.name evil
t again git init
t remote git remote add evil /evil
t submodule git -C sub config core.fsmonitor evil
t worktree-config git config --worktree probe.worktree evil
`;
/** What it needs to change nothing of that for. */
export const GIT_WORKS = `${ATTEMPT}
cd /workspace
t status git status
t commit sh -c 'echo two >> file; git commit -qam two'
t branch sh -c 'git checkout -q -b topic; echo three >> file; git commit -qam three; git checkout -q main'
t merge git merge -q topic
t stash sh -c 'echo x >> file; git stash -q && git stash pop -q && git checkout -q file'
t rebase git rebase -q HEAD~1 topic
t worktree git worktree add -q /workspace/wt main
t tag git tag v1
t gc git gc -q
t fetch sh -c 'git clone -q . /tmp/clone && git fetch -q /tmp/clone topic'
t in-submodule sh -c 'cd sub; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one'
t other-repository git init /workspace/plain
`;

/** Whoever may mount can undo a guard by at least one of these. */
export const MOUNT_TRICKS = `${ATTEMPT}
t umount sh -c 'umount /workspace/.git/config && echo evil >> /workspace/.git/config'
t remount sh -c 'mount -o remount,bind,rw /workspace/.git/hooks && echo evil > /workspace/.git/hooks/new'
t bind mount --bind /workspace/plain /workspace/.codex
t namespace unshare -Urm sh -c 'umount -l /workspace/.git/info && echo evil >> /workspace/.git/info/attributes'
`;

/** A line for each file and link of a directory: path, inode, mode, time, what it holds. */
export function snapshot(directory: string, paths: readonly string[]): string[] {
  return paths.flatMap((path) => lines(directory, path)).sort();
}

function lines(directory: string, path: string): string[] {
  const full = join(directory, path);
  const stats = lstatSync(full, { throwIfNoEntry: false });
  if (stats === undefined) return [`${path} missing`];
  const head = `${path} ${stats.ino} ${stats.mode.toString(8)} ${stats.mtimeMs}`;
  if (stats.isDirectory()) {
    return [head, ...readdirSync(full).flatMap((name) => lines(directory, `${path}/${name}`))];
  }
  return [`${head} ${stats.isFile() ? readFileSync(full, 'latin1') : 'no file'}`];
}
