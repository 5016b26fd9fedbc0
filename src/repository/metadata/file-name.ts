/** File name of one version: `7.targets.json`; the timestamp's carries no version (§6.2). */
export function versionedName(name: string, version: number): string {
  return name === 'timestamp.json' ? name : `${String(version)}.${name}`;
}
