export type RefusalReason =
  | 'name_absolute'
  | 'name_leaves'
  | 'name_invalid'
  | 'name_not_utf8'
  | 'name_too_long'
  | 'too_deep'
  | 'duplicate'
  | 'below_no_directory'
  | 'link_leaves'
  | 'link_invalid'
  | 'type_not_taken'
  | 'too_many_entries'
  | 'too_large'
  | 'not_an_archive'
  | 'header_invalid'
  | 'cut_off'
  | 'trailing_data';

/** What each means, after the entry's name. */
export const REFUSAL_TEXTS: Readonly<Record<RefusalReason, string>> = {
  name_absolute: 'has an absolute name',
  name_leaves: 'has `..` in its name',
  name_invalid: 'has no valid name',
  name_not_utf8: 'has a name that is not UTF-8',
  name_too_long: 'has a name that is too long',
  too_deep: 'lies in too many directories',
  duplicate: 'is in the archive twice',
  below_no_directory: 'lies below what is no directory',
  link_leaves: 'is a link that leaves the archive, or that goes up behind a name',
  link_invalid: 'is a hard link to what is no file before it in the archive',
  type_not_taken: 'is no file, directory or link',
  too_many_entries: 'is one entry too many',
  too_large: 'makes the archive larger than the limit when unpacked',
  not_an_archive: 'the body is no tar archive compressed with gzip',
  header_invalid: 'the archive has a header that may be read in two ways',
  cut_off: 'the archive is cut off',
  trailing_data: 'something follows the end of the archive',
};

const LONGEST_SHOWN = 200;

/** An archive that is not unpacked. `entry`: the name of what is wrong, or `null` for the whole. */
export class ArchiveRefused extends Error {
  readonly entry: string | null;

  constructor(
    readonly reason: RefusalReason,
    entry: string | null = null,
    options: { cause?: unknown } = {},
  ) {
    const shown = entry === null ? null : shownName(entry);
    super(`${shown === null ? '' : `${shown} `}${REFUSAL_TEXTS[reason]}`, options);
    this.name = 'ArchiveRefused';
    this.entry = shown;
  }
}

/** A name of somebody else’s choice, fit for one line of any log or terminal. */
export function shownName(name: string): string {
  const start = name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name;
  return JSON.stringify(start).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
