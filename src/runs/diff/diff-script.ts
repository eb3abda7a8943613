/** The helper's own words for what it cannot do, as exit codes. */
export const DIFF_EXIT = {
  tooMuch: 77,
  repositoryUnreadable: 78,
  workspaceUnreadable: 79,
  toolMissing: 80,
} as const;

/** Where the helper has the workspace, and a tmpfs for all that it writes. */
export const DIFF_WORKSPACE = '/workspace';
export const DIFF_SCRATCH = '/scratch';

/**
 * Prints the patch from a commit to what the workspace holds now. Runs as the sandboxes' user.
 *
 * Git is never told of the workspace's repository. It works in a bare one of ours, whose configuration
 * is written here, and is lent the workspace's objects by the one command that copies from them:
 * `pack-objects`. What is copied goes through `index-pack`, which computes each name from what is in
 * the object, so an object that was put in another's place is missing rather than believed. The last
 * command, which makes the patch, sees those copies alone.
 *
 * Names go from step to step in git's quoted form, one a line, so that a line feed in a name is harmless.
 */
export const DIFF_SCRIPT = `
set -eu
umask 077
base=$1 objects=$2 index=$3 most=$4 most_bytes=$5
work=${DIFF_WORKSPACE} tmp=${DIFF_SCRATCH}
at=${DIFF_EXIT.workspaceUnreadable}
leave() {
  case $1 in 0 | ${DIFF_EXIT.tooMuch} | ${DIFF_EXIT.toolMissing} | 137) exit "$1" ;; *) exit "$at" ;; esac
}
trap 'leave $?' EXIT
for tool in git find awk sed sort comm; do
  command -v $tool >/dev/null || exit ${DIFF_EXIT.toolMissing}
done

for name in $(env | sed -n 's/^\\(GIT_[A-Z_]*\\)=.*/\\1/p'); do unset "$name"; done
export LC_ALL=C HOME="$tmp/home" XDG_CONFIG_HOME="$tmp/home"
export GIT_DIR="$tmp/git" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1
export GIT_NO_REPLACE_OBJECTS=1 GIT_NO_LAZY_FETCH=1 GIT_OPTIONAL_LOCKS=0 GIT_TERMINAL_PROMPT=0
export GIT_ALLOW_PROTOCOL=none GIT_SSH_COMMAND=false GIT_ASKPASS=false GIT_PAGER=cat
mkdir "$tmp/home" "$tmp/lists" "$tmp/ignores"
cd "$tmp/lists"

format=
if [ \${#base} = 64 ]; then format=--object-format=sha256; fi
git init -q --bare --template= $format "$GIT_DIR"
mkdir -p "$GIT_DIR/info"
cat >>"$GIT_DIR/config" <<'CONFIG'
[core]
  hooksPath = /dev/null
  attributesFile = /dev/null
  excludesFile = /dev/null
  fsmonitor = false
  untrackedCache = false
  commitGraph = false
  multiPackIndex = false
  autocrlf = false
  safecrlf = false
  ignoreCase = false
  symlinks = true
  fileMode = true
  protectNTFS = false
  protectHFS = false
  quotePath = true
  bigFileThreshold = 8m
  looseCompression = 0
  compression = 0
  packedGitWindowSize = 1m
  packedGitLimit = 32m
  deltaBaseCacheLimit = 16m
[pack]
  threads = 1
  window = 0
[diff]
  renameLimit = 400
[submodule]
  recurse = false
[protocol]
  allow = never
[gc]
  auto = 0
[maintenance]
  auto = false
CONFIG
# The strongest place for attributes: none of the workspace's counts, and git's own conversions are off.
echo '* !text !crlf !eol !ident !filter !working-tree-encoding !diff !merge' >"$GIT_DIR/info/attributes"

in_workspace() { (cd "$work" && GIT_WORK_TREE=$work "$@"); }
update() { in_workspace git update-index --add --remove --replace "$@"; }

# Copies the objects that are named on its input out of the workspace's repository.
copy() {
  sort -u >ids
  if [ ! -s ids ]; then return 0; fi
  GIT_ALTERNATE_OBJECT_DIRECTORIES=$work/$objects git pack-objects -q --stdout --window=0 <ids >copied
  git index-pack --stdin <copied >/dev/null
  rm copied
}

# What was there.
at=${DIFF_EXIT.repositoryUnreadable}
if [ -n "$base" ]; then
  GIT_ALTERNATE_OBJECT_DIRECTORIES=$work/$objects \\
    git rev-list --objects --no-object-names --no-walk --filter=blob:none "$base" >trees
  copy <trees
else
  base=$(git hash-object -w -t tree --stdin </dev/null)
fi
git ls-tree -r --full-tree "$base" >before
grep '^160000 ' before >links-before || [ $? = 1 ]
cut -f2- <links-before >links
grep -v '^160000 ' before | cut -f2- | sort >files-before
grep -E '^100[67](44|55) .*	("?|.*/)\\.gitignore"?$' before >ignore-files || [ $? = 1 ]
awk '{ print $3 }' ignore-files | copy

# What is there: all files and links, but for what is in a directory named .git.
at=${DIFF_EXIT.workspaceUnreadable}
if ! (cd "$work" && find . -xdev -name .git -prune -o \\( -type f -o -type l \\) -print0) >found 2>find-said; then
  # What is gone since it was listed is gone; what may not be seen would be missing.
  if grep -F 'Permission denied' find-said >&2; then exit 1; fi
fi
count=$(tr -cd '\\0' <found | wc -c)
if [ "$count" -gt "$most" ]; then
  echo "files $count" >&2
  exit ${DIFF_EXIT.tooMuch}
fi
any=$(git hash-object --stdin </dev/null)
sed -z "s|^\\./|100644 $any 0	|" <found |
  GIT_INDEX_FILE=$tmp/found.index git update-index -z --replace --index-info 2>/dev/null
rm found
GIT_INDEX_FILE=$tmp/found.index git ls-files | sort >files
rm -f "$tmp/found.index"
shown=$(wc -l <files)

# What the rules of the commit leave out of it, unless the commit or the workspace's index has it.
if [ -s ignore-files ]; then
  GIT_INDEX_FILE=$tmp/ignores.index git update-index --index-info <ignore-files
  (cd "$tmp/ignores" && GIT_WORK_TREE=$tmp/ignores GIT_INDEX_FILE=$tmp/ignores.index git checkout-index -q -a)
  if [ -n "$index" ] && [ -f "$work/$index" ]; then
    head -c 67108864 "$work/$index" >"$tmp/theirs.index"
    GIT_INDEX_FILE=$tmp/theirs.index git ls-files >tracked 2>/dev/null ||
      echo '# The index of the repository could not be read: ignored files that are in it are not shown.'
  fi
  touch tracked
  sort -u files-before tracked | comm -23 files - >untracked
  # With ./ before it, a name is no pattern.
  sed 's|^"\\{0,1\\}|&./|' untracked >asked
  (cd "$tmp/ignores" && GIT_WORK_TREE=$tmp/ignores git check-ignore --no-index --stdin) \\
    <asked >answered || [ $? = 1 ]
  sed 's|^\\("\\{0,1\\}\\)\\./|\\1|' answered | sort | comm -23 files - >kept
else
  mv files kept
fi

# Submodules of the commit that have a commit checked out are an id, and what is in them is theirs.
while IFS= read -r link; do
  printf '%s\\n' "$link" |
    GIT_INDEX_FILE=$tmp/links.index update --info-only --stdin >/dev/null 2>&1 || true
done <links
GIT_INDEX_FILE=$tmp/links.index git ls-files -s | grep '^160000 ' | cut -f2- >submodules || true
if [ -s submodules ]; then
  awk 'function bare(name) { sub(/^"/, "", name); return name }
    NR == FNR { name = bare($0); sub(/"$/, "", name); prefix[NR] = name "/"; n = NR; next }
    { name = bare($0); for (i = 1; i <= n; i++) if (index(name, prefix[i]) == 1) next; print }' \\
    submodules kept >outside
  mv outside kept
fi

# Ids first: most files are as they were, and need not be copied.
export GIT_INDEX_FILE="$tmp/now.index"
git update-index --index-info <links-before
update --info-only --stdin <links
update --info-only --stdin <kept
git diff-index --cached --raw --no-renames --no-abbrev "$base" >changes
awk '$1 !~ /^:(000000|160000)$/ { print $3 }' changes >ids-before
awk '$2 !~ /^(000000|160000)$/' changes | cut -f2- >changed
git ls-files --debug >entries
bytes=$(awk 'NR == FNR { changed[$0]; next } /^  size: / { if (path in changed) sum += $2; next }
  !/^  (ctime|mtime|dev|uid|size): / { path = $0 } END { printf "%d", sum }' changed entries)
if [ "$bytes" -gt "$most_bytes" ]; then
  echo "bytes $bytes" >&2
  exit ${DIFF_EXIT.tooMuch}
fi
at=${DIFF_EXIT.repositoryUnreadable}
copy <ids-before
at=${DIFF_EXIT.workspaceUnreadable}
if [ -s changed ]; then
  in_workspace git update-index --force-remove --stdin <changed
  update --stdin <changed
fi

at=${DIFF_EXIT.repositoryUnreadable}
if [ "$count" -gt "$shown" ]; then
  echo "# $((count - shown)) files are not shown: git has no place for their names, such as .GIT"
fi
git -c core.quotePath=false diff-index --cached -p -M --full-index --no-ext-diff --no-textconv --no-color \\
  --submodule=short --ignore-submodules=none --src-prefix=a/ --dst-prefix=b/ "$base"
`;
