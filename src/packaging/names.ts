import { usage } from '../errors/index.js';

/** Names of the two files that a package version is made of, below the output directory. */
export interface PackageNames {
  readonly name: string;
  readonly version: string;
  /** `noble/ed25519-3.2.0.zip`: also the target path when it is posted as it lies. */
  readonly zip: string;
  /** `noble/ed25519.json`: every version so far. */
  readonly index: string;
}

/** Longest file name that the hand-over takes: clients keep a target as `<sha256>.<name>`. */
const LONGEST = 190;
const PART = '[A-Za-z0-9][A-Za-z0-9._+-]*';
const NAME = new RegExp(`^(?:@?${PART}/)?${PART}$`);
const VERSION = new RegExp(`^${PART}$`);

/**
 * Checks a package's name and version and says what its files are called.
 *
 * @param name letters, digits, `.`, `_`, `+`, `-`; one slash makes a directory (`symfony/console`), which may be
 *   an npm scope (`@noble/ed25519`).
 * @throws usage errors `package-name`, `package-version`.
 */
export function packageNames(name: string, version: string): PackageNames {
  if (!NAME.test(name)) {
    throw usage(
      'package-name',
      `${JSON.stringify(name)} is no name for a package.`,
      'Use letters, digits and . _ + - (first a letter or digit), with one slash at most: zlib, symfony/console, @noble/ed25519.',
    );
  }
  if (!VERSION.test(version)) {
    throw usage(
      'package-version',
      `${JSON.stringify(version)} is no version of a package.`,
      'Use letters, digits and . _ + - (first a letter or digit), for example 1.0.0-beta.1.',
    );
  }
  const zip = `${name}-${version}.zip`;
  const index = `${name}.json`;
  if (/^tufline-[^/]*$/i.test(name)) {
    throw usage(
      'package-name',
      `A package cannot be called ${name}: files named tufline-*.json are tufline's own.`,
      'Choose another name, or put it below a vendor: VENDOR/NAME.',
    );
  }
  const longest = Math.max(...[...zip.split('/'), ...index.split('/')].map((part) => part.length));
  if (longest > LONGEST) {
    throw usage(
      'package-name',
      `Name and version make a file name of ${String(longest)} bytes; it may have ${String(LONGEST)}.`,
      'Use a shorter name or version.',
    );
  }
  return { name, version, zip, index };
}
