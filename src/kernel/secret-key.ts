/** The name by which a secret is stored. */
export const SECRET_KEY = /^[A-Za-z0-9_.:-]{1,128}$/;
