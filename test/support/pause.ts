/** Holds the whole process up: the disk gets the time that it has while more than a test's few bytes are copied. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
