/**
 * Shell functions. `try NAME DIR` makes a file there and removes it; `put NAME FILE` opens it for
 * writing and writes nothing; `get NAME FILE` reads a byte. Each prints `NAME` and what came of it:
 * `written`, `readonly` (EROFS) or `refused`; `opened` or `refused`; `read` or `empty`.
 */
export const FILE_FUNCTIONS = `
LC_ALL=C; export LC_ALL
said() { case "$2" in *[Rr]ead-only*) echo "$1 readonly" ;; *) echo "$1 refused" ;; esac; }
try() { if why=$( ( : > "$2/risoluto-try" ) 2>&1 ); then echo "$1 written"; rm -f "$2/risoluto-try"; else said "$1" "$why"; fi; }
put() { if [ -e "$2" ] && ( : >> "$2" ) 2>/dev/null; then echo "$1 opened"; else echo "$1 refused"; fi; }
get() { if [ "$(head -c 1 "$2" 2>/dev/null | wc -c)" -eq 1 ]; then echo "$1 read"; else echo "$1 empty"; fi; }
`;

/** Prints `mount:PATH TYPE OPTIONS ROOT PROPAGATION` for each mount; `-` for none. */
export const MOUNTS_SCRIPT = `while read -r _ _ _ root path options rest; do
  tags=; while [ "\${rest%% *}" != - ]; do tags="$tags,\${rest%% *}"; rest=\${rest#* }; done
  set -- $rest
  echo "mount:$path $2 $options $root \${tags:--}"
done < /proc/self/mountinfo`;

export interface Mount {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
  /** What of its file system is mounted. */
  readonly root: string;
  /** `shared:1`, `master:2`. */
  readonly propagation: string;
}

/** What `MOUNTS_SCRIPT` printed. Pure. */
export function mountsIn(found: Readonly<Record<string, string>>): Mount[] {
  return Object.entries(found).flatMap(([name, value]) => {
    if (!name.startsWith('mount:')) return [];
    const [type = '', options = '', root = '', propagation = '-'] = value.split(' ');
    return [{ path: name.slice(6), type, options: options.split(','), root, propagation }];
  });
}
