"""A repository of python-tuf, all of it in memory as objects of the library."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)

from durable import copy_durably, make_directories, sync_directory, write_durably

ONLINE = ("targets", "bins", "snapshot", "timestamp")
BLOCK = 1000


def bin_of(path: str, bits: int) -> int:
    """The top bits of SHA-256 of the path, which is how both styles of delegation divide the targets."""
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big") >> (32 - bits)


def synthetic(number: int) -> TargetFile:
    package = number // 12
    path = f"vendor-{package % 4999}/package-{package}/package-{package}-1.{number % 12}.0.zip"
    digest = hashlib.sha256(path.encode()).hexdigest()
    return TargetFile(10_000 + number, {"sha256": digest}, path)


class Repository:
    def __init__(self, options: dict) -> None:
        self.bits = options["bins"].bit_length() - 1 if options["bins"] else None
        self.style = options["style"]
        self.full_entries = options["snapshot_entries"] == "full"
        self.metadata = os.path.join(options["directory"], "metadata")
        self.files = os.path.join(options["directory"], "targets")
        os.makedirs(self.metadata)
        os.makedirs(self.files)
        self.pool = ThreadPoolExecutor(8)
        self.signers = {role: CryptoSigner.generate_ed25519() for role in ONLINE}
        expires = self.expiry()
        self.targets = Metadata(Targets(expires=expires))
        self.snapshot = Metadata(Snapshot(expires=expires))
        self.timestamp = Metadata(Timestamp(expires=expires))
        self.bins = [Metadata(Targets(expires=expires)) for _ in range(options["bins"])]
        self.bin_names = self.delegate() if self.bins else []
        for number in range(options["targets"]):
            self.put(synthetic(number))
        self.publish_first()

    def expiry(self) -> datetime:
        return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=7)

    def delegate(self) -> list[str]:
        key = self.signers["bins"].public_key
        succinct = SuccinctRoles([key.keyid], 1, self.bits, "bin")
        names = list(succinct.get_roles())
        if self.style == "succinct":
            self.targets.signed.delegations = Delegations({key.keyid: key}, succinct_roles=succinct)
            return names
        digits = (self.bits + 3) // 4
        each = 16**digits // len(names)
        roles = {}
        for index, name in enumerate(names):
            prefixes = [f"{prefix:0{digits}x}" for prefix in range(index * each, (index + 1) * each)]
            roles[name] = DelegatedRole(name, [key.keyid], 1, True, path_hash_prefixes=prefixes)
        self.targets.signed.delegations = Delegations({key.keyid: key}, roles=roles)
        return names

    def put(self, target: TargetFile) -> int | None:
        """Lists a target. Returns its bin, if there are any."""
        number = None if self.bits is None else bin_of(target.path, self.bits)
        role = self.targets if number is None else self.bins[number]
        role.signed.targets[target.path] = target
        return number

    def publish_first(self) -> None:
        """All of the first version. Nobody would miss it, so that nothing is fsynced file by file."""
        root = Root(expires=self.expiry())
        for role in ("root", "targets", "snapshot", "timestamp"):
            root.add_key(self.signers["targets" if role == "root" else role].public_key, role)
        first = Metadata(root)
        first.sign(self.signers["targets"])
        roles = {"targets": self.targets, **dict(zip(self.bin_names, self.bins, strict=True))}
        written = {"root": first.to_bytes()}
        for name, role in roles.items():
            data = self.signed(name, role)
            self.list_in_snapshot(name, role, data)
            written[name] = data
            if len(written) >= BLOCK:
                self.write_plainly(written)
        written["snapshot"] = self.signed("snapshot", self.snapshot)
        self.timestamp.signed.snapshot_meta = self.entry(self.snapshot, written["snapshot"], True)
        self.write_plainly(written)
        with open(os.path.join(self.metadata, "timestamp.json"), "wb") as file:
            file.write(self.signed("timestamp", self.timestamp))
        os.sync()

    def write_plainly(self, written: dict[str, bytes]) -> None:
        for name, data in written.items():
            with open(os.path.join(self.metadata, f"1.{name}.json"), "wb") as file:
                file.write(data)
        written.clear()

    def release(self, files: list) -> None:
        listed = list(self.pool.map(lambda file: self.copy(*file), files))
        for directory in {directory for _, directory in listed}:
            sync_directory(directory)
        touched = {self.put(target) for target, _ in listed}
        roles = [("targets", self.targets) if number is None else (self.bin_names[number], self.bins[number])
                 for number in sorted(touched, key=lambda number: -1 if number is None else number)]
        self.publish(roles)
        self.publish([("snapshot", self.snapshot)])
        self.publish([("timestamp", self.timestamp)])

    def copy(self, source: str, path: str) -> tuple[TargetFile, str]:
        directory = os.path.join(self.files, os.path.dirname(path))
        make_directories(directory)
        length, digest = copy_durably(source, directory, os.path.basename(path))
        return TargetFile(length, {"sha256": digest}, path), directory

    def publish(self, roles: list) -> None:
        """The next version of some roles that do not refer to each other."""
        for name, data in zip(roles, self.pool.map(self.write_next, roles), strict=True):
            self.list_in_snapshot(*name, data)
        sync_directory(self.metadata)

    def write_next(self, role: tuple[str, Metadata]) -> bytes:
        name, metadata = role
        metadata.signed.version += 1
        metadata.signed.expires = self.expiry()
        data = self.signed(name, metadata)
        file = "timestamp.json" if name == "timestamp" else f"{metadata.signed.version}.{name}.json"
        write_durably(os.path.join(self.metadata, file), data)
        return data

    def signed(self, name: str, metadata: Metadata) -> bytes:
        metadata.sign(self.signers["bins" if name.startswith("bin-") else name])
        return metadata.to_bytes()

    def list_in_snapshot(self, name: str, metadata: Metadata, data: bytes) -> None:
        if name == "snapshot":
            self.timestamp.signed.snapshot_meta = self.entry(metadata, data, True)
        elif name != "timestamp":
            self.snapshot.signed.meta[f"{name}.json"] = self.entry(metadata, data, self.full_entries)

    def entry(self, metadata: Metadata, data: bytes, full: bool) -> MetaFile:
        if not full:
            return MetaFile(metadata.signed.version)
        return MetaFile(metadata.signed.version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})
