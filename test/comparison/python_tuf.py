"""A publisher on python-tuf's own repository class: `init HOME`, then `publish HOME READY`.

It starts from what timestamp.json shows, so that run again it does what was left undone as well as it can; files are
written by the library (Metadata.to_file), target files first and timestamp.json last.
"""

import os
import shutil
import sys
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.repository import Repository

ROLES = {"root": Root, "targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}


class FileRepository(Repository):
    def __init__(self, home):
        self.metadata = os.path.join(home, "repository", "metadata")
        self.targets_directory = os.path.join(home, "repository", "targets")
        self.keys = os.path.join(home, "keys")
        os.makedirs(self.metadata, exist_ok=True)
        os.makedirs(self.targets_directory, exist_ok=True)

    def signer(self, role):
        with open(os.path.join(self.keys, f"{role}.pem"), "rb") as file:
            return CryptoSigner(load_pem_private_key(file.read(), None))

    def path(self, role, version):
        name = "timestamp.json" if role == "timestamp" else f"{version}.{role}.json"
        return os.path.join(self.metadata, name)

    def shown_version(self, role):
        if role == "root":
            return 1
        timestamp = Metadata.from_file(self.path("timestamp", 0)).signed
        if role == "timestamp":
            return timestamp.version
        if role == "snapshot":
            return timestamp.snapshot_meta.version
        snapshot = Metadata.from_file(self.path("snapshot", timestamp.snapshot_meta.version)).signed
        return snapshot.meta["targets.json"].version

    def open(self, role):
        return Metadata.from_file(self.path(role, self.shown_version(role)))

    def close(self, role, md):
        md.signed.version += 1
        md.signed.expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=30)
        md.sign(self.signer(role))
        md.to_file(self.path(role, md.signed.version))
        if role == "targets":
            self._targets_version = md.signed.version
        if role == "snapshot":
            self._snapshot_version = md.signed.version

    @property
    def targets_infos(self):
        return {"targets.json": MetaFile(self._targets_version)}

    @property
    def snapshot_info(self):
        return MetaFile(self._snapshot_version)


def init(home):
    repository = FileRepository(home)
    expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=30)
    root = Root(expires=expires, consistent_snapshot=True)
    for role in ROLES:
        root.add_key(repository.signer(role).public_key, role)
    signed = {
        "root": root,
        "targets": Targets(expires=expires),
        "snapshot": Snapshot(expires=expires),
        "timestamp": Timestamp(expires=expires),
    }
    for role, content in signed.items():
        md = Metadata(content)
        md.sign(repository.signer(role))
        md.to_file(repository.path(role, 1))


def publish(home, ready):
    repository = FileRepository(home)
    with repository.edit_targets() as targets:
        for directory, _, names in os.walk(ready):
            for name in names:
                local = os.path.join(directory, name)
                path = os.path.relpath(local, ready)
                targets.targets[path] = TargetFile.from_file(path, local, ["sha256"])
                digest = targets.targets[path].hashes["sha256"]
                to = os.path.join(repository.targets_directory, os.path.dirname(path), f"{digest}.{name}")
                os.makedirs(os.path.dirname(to), exist_ok=True)
                shutil.copyfile(local, to)
    repository.do_snapshot()
    repository.do_timestamp()


if sys.argv[1] == "init":
    init(sys.argv[2])
else:
    publish(sys.argv[2], sys.argv[3])
