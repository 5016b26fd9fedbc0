import { statfs } from 'node:fs/promises';

/**
 * File systems of this machine, by the numbers that statfs(2) gives them. Where one of them answers late the whole machine
 * does; one that is elsewhere (NFS, SMB, FUSE, …) can be away for minutes.
 */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xca451a4e, // bcachefs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
]);

/** Milliseconds after which it is looked again: something may have been mounted meanwhile. */
const CHECK_EVERY = 10_000;

interface Directory {
  readonly path: string;
  /** Until it is known, and while it is being looked again, it is not. */
  isLocal: boolean;
  checkAt: number;
}

/** A fact about the machine, and the same for all who ask: that is why it is kept here and not handed through. */
const directories = new Map<string, Directory>();

/**
 * Lets calls below these directories be made directly as long as they lie on a file system of this machine (see
 * `calls.ts`). One that is not there yet is looked at again later.
 */
export async function callDirectlyBelow(paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths.map((path) => {
      const directory = { path, isLocal: false, checkAt: Infinity };
      directories.set(path, directory);
      return check(directory);
    }),
  );
}

/** Whether a call on this path may be made directly: it will not be waiting for another machine. */
export function isCalledDirectly(path: string): boolean {
  for (const directory of directories.values()) {
    if (!isBelow(path, directory.path)) continue;
    if (performance.now() >= directory.checkAt) {
      directory.isLocal = false;
      directory.checkAt = Infinity;
      void check(directory);
    }
    return directory.isLocal;
  }
  return false;
}

function isBelow(path: string, top: string): boolean {
  return path.startsWith(top) && (path.length === top.length || path[top.length] === '/');
}

async function check(directory: Directory): Promise<void> {
  directory.isLocal = await statfs(directory.path).then(
    ({ type }) => LOCAL.has(type),
    () => false,
  );
  directory.checkAt = performance.now() + CHECK_EVERY;
}
