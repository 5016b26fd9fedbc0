/** Part 2: builds `<PACKAGE>-<VERSION>.zip` and `<PACKAGE>.json`. */
export { buildPackage, type PackageOptions, type PackageResult } from './build-package.js';
export type { PackageProgress } from './place-zip.js';
export { packageNames, type PackageNames } from './names.js';
export { versionListSchema, type PackageVersion, type VersionList } from './version-list.js';
