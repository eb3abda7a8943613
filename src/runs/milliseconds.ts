/** SQLite gives numbers, PostgreSQL gives the text of a bigint. */
export const milliseconds = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};
