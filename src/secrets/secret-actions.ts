export const SECRET_SET = 'secret.set';
export const SECRET_DELETED = 'secret.deleted';
