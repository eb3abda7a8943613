/** The numeric user and group of a name in the text of an `/etc/passwd`; null: it has no such entry. */
export function findUser(passwd: string, name: string): { uid: number; gid: number } | null {
  for (const line of passwd.split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user !== name) continue;
    if (!/^\d{1,10}$/.test(uid ?? '') || !/^\d{1,10}$/.test(gid ?? '')) return null;
    return { uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

const BLOCK = 512;

/** The content of the first regular file of a tar archive; null: there is none. */
export function firstFileOfTar(archive: Buffer): Buffer | null {
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    const size = Number.parseInt(
      header.toString('latin1', 124, 136).replace(/\0.*$/, '').trim(),
      8,
    );
    const type = header.toString('latin1', 156, 157);
    if (Number.isNaN(size)) return null;
    if (type === '0' || type === '\0') return archive.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return null;
}
