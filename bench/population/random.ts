/** Streams of random numbers that never share values, however often one asks and in whichever order. */
export type Stream = number;

/** 32 bits that depend on nothing but what is given: the finalizer of MurmurHash3 over the three. */
export function bitsOf(seed: number, stream: Stream, index: number): number {
  let hash = (seed ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0;
  hash = mix(hash ^ Math.imul(index + 1, 0x85ebca77));
  return mix(hash + stream);
}

/** In [0, 1). */
export function uniform(seed: number, stream: Stream, index: number): number {
  return bitsOf(seed, stream, index) / 0x1_0000_0000;
}

/** Log-normal, as sizes and counts of nearly everything that people publish are. */
export function logNormal(
  seed: number,
  stream: Stream,
  index: number,
  { median, sigma }: { readonly median: number; readonly sigma: number },
): number {
  // Box and Muller; 1 - u keeps the logarithm finite.
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, stream, index)));
  const normal = radius * Math.cos(2 * Math.PI * uniform(seed, stream + 1, index));
  return median * Math.exp(sigma * normal);
}

function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
