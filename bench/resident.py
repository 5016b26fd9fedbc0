"""The same release done by python-tuf in a resident process: the yardstick of `npm run bench`.

Reads one line per release from standard input: a JSON list of [file, target path]; answers with the milliseconds.
First line: {"directory": …, "targets": N}: makes a repository with N targets. Everything is written as durably as
tufline does: temporary file, fsync, rename, fsync of the directory; target files are copied and fsynced too.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp


def fsync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def write_durably(path: str, data: bytes) -> None:
    with open(path + ".tmp", "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".tmp", path)
    fsync_directory(os.path.dirname(path))


class Repository:
    def __init__(self, directory: str, count: int) -> None:
        self.metadata = os.path.join(directory, "metadata")
        self.files = os.path.join(directory, "targets")
        os.makedirs(self.metadata)
        os.makedirs(self.files)
        expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=7)
        self.signers = {role: CryptoSigner.generate_ed25519() for role in ("targets", "snapshot", "timestamp")}
        self.targets = Metadata(Targets(expires=expires))
        self.snapshot = Metadata(Snapshot(expires=expires))
        self.timestamp = Metadata(Timestamp(expires=expires))
        for number in range(count):
            path = f"seed/{number:06}.bin"
            digest = hashlib.sha256(path.encode()).hexdigest()
            self.targets.signed.targets[path] = TargetFile(1000, {"sha256": digest}, path)
        self.publish()

    def release(self, files: list) -> None:
        for source, path in files:
            with open(source, "rb") as file:
                data = file.read()
            digest = hashlib.sha256(data).hexdigest()
            final = os.path.join(self.files, f"{digest}.{os.path.basename(path)}")
            with open(final, "wb") as copy:
                copy.write(data)
                copy.flush()
                os.fsync(copy.fileno())
            self.targets.signed.targets[path] = TargetFile(len(data), {"sha256": digest}, path)
        fsync_directory(self.files)
        self.publish()

    def publish(self) -> None:
        self.targets.signed.version += 1
        self.snapshot.signed.version += 1
        self.timestamp.signed.version += 1
        targets = self.write("targets", self.targets)
        self.snapshot.signed.meta["targets.json"] = targets
        self.timestamp.signed.snapshot_meta = self.write("snapshot", self.snapshot)
        self.timestamp.sign(self.signers["timestamp"])
        write_durably(os.path.join(self.metadata, "timestamp.json"), self.timestamp.to_bytes())

    def write(self, role: str, metadata: Metadata) -> MetaFile:
        metadata.sign(self.signers[role])
        data = metadata.to_bytes()
        version = metadata.signed.version
        write_durably(os.path.join(self.metadata, f"{version}.{role}.json"), data)
        return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


def main() -> None:
    options = json.loads(sys.stdin.readline())
    repository = Repository(options["directory"], options["targets"])
    print("ready", flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        repository.release(json.loads(line))
        print((time.perf_counter() - begun) * 1000, flush=True)


main()
