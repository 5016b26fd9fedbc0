"""Files that are there after a power failure."""

import hashlib
import os

CHUNK = 1024 * 1024


def sync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directories(path: str) -> None:
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_directories(parent)
    os.makedirs(path, exist_ok=True)
    sync_directory(parent)


def write_durably(path: str, data: bytes) -> None:
    """The caller syncs the directory."""
    with open(path + ".tmp", "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".tmp", path)


def copy_durably(source: str, directory: str, name: str) -> tuple[int, str]:
    """Copies and hashes in one pass, to a name that begins with the hash. The caller syncs the directory."""
    digest = hashlib.sha256()
    length = 0
    temporary = os.path.join(directory, f".{name}.tmp")
    with open(source, "rb", buffering=0) as file, open(temporary, "wb", buffering=0) as copy:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
            length += len(chunk)
        os.fsync(copy.fileno())
    os.rename(temporary, os.path.join(directory, f"{digest.hexdigest()}.{name}"))
    return length, digest.hexdigest()
