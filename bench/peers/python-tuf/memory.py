"""Memory of this process, in bytes. The peak since `forget_peak` on Linux, since the start elsewhere."""

import re
import resource
import sys


def status(field: str) -> int | None:
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            found = re.search(rf"^{field}:\s+(\d+) kB$", file.read(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def resident_bytes() -> int:
    return status("VmRSS") or most_ever()


def peak_bytes() -> int:
    return status("VmHWM") or most_ever()


def most_ever() -> int:
    """macOS counts bytes where others count kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak() -> None:
    """Linux lets a process lower its high-water mark; making the repository is not to count."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        pass
