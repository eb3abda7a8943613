/** RFC 9110 section 12.5.1, as far as some types need it: the best quality wins, then our order. */
export function accepted<T>(
  accept: string | undefined,
  offers: readonly (readonly [T, RegExp])[],
): T | null {
  let best: { offer: T; quality: number; specific: boolean } | null = null;
  for (const part of (accept ?? '*/*').toLowerCase().split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2)) || 0;
    const offer = offers.find(([, pattern]) => pattern.test(type));
    if (offer === undefined || quality <= 0) continue;
    const specific = !type.includes('*');
    const better =
      best === null ||
      quality > best.quality ||
      (quality === best.quality && specific && !best.specific);
    if (better) best = { offer: offer[0], quality, specific };
  }
  return best?.offer ?? null;
}
