"""The one decorator of all kernels, and where their compiled code is kept.

Compiled kernels are cached on disk, in a folder keyed by a hash of every kernel source of this package and its
neighbours, the numba version and numba's debug switches: numba's own key sees only the file of the kernel itself and
misses an edited constant or callee in another file. The folder is set before the first kernel is declared.

``PONNUKI_CACHE_DIR`` moves the cache (for tests and read-only homes).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

KERNEL_PACKAGES = ("engine", "records")
"""Packages of ours that declare kernels; all their sources go into the cache key."""

KEPT_FOLDERS = 4
"""Older cache folders beyond this many are removed, so that updates do not pile up."""


def cache_root() -> Path:
    """The user's cache folder for ponnuki, by the customs of each system."""
    if chosen := os.environ.get("PONNUKI_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "ponnuki" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ponnuki"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ponnuki"


def source_key() -> str:
    """Hash of all that decides what the kernels compile to."""
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    for package in KERNEL_PACKAGES:
        for path in sorted((here.parent / package).glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    switches = (numba.config.DISABLE_JIT, numba.config.BOUNDSCHECK, numba.config.OPT, numba.config.CPU_NAME)
    digest.update(repr((numba.__version__, sys.version_info[:2], switches)).encode())
    return digest.hexdigest()[:16]


CACHE_FOLDER = cache_root() / f"kernels-{source_key()}"


def _use_cache_folder() -> None:
    """Point numba at our folder; where it cannot be written, numba falls back to its own choice."""
    try:
        CACHE_FOLDER.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    numba.config.CACHE_DIR = str(CACHE_FOLDER)
    _remove_old_folders()


def _remove_old_folders() -> None:
    """Keep the newest few cache folders, ours among them."""
    import shutil

    others = [path for path in CACHE_FOLDER.parent.glob("kernels-*") if path != CACHE_FOLDER]
    try:
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return
    for path in others[KEPT_FOLDERS:]:
        shutil.rmtree(path, ignore_errors=True)


def warm_mark(playout: str) -> Path:
    """The file written once everything has been compiled that a player with such playouts needs."""
    return CACHE_FOLDER / f"warm-{playout}"


def cache_is_cold(playout: str) -> bool:
    """Whether the kernels for such playouts have yet to be compiled on this machine, which takes a while."""
    return not numba.config.DISABLE_JIT and not warm_mark(playout).exists()


def mark_cache_warm(playout: str) -> None:
    """Note that the cache is complete; silently does nothing where it cannot be written."""
    with contextlib.suppress(OSError):
        warm_mark(playout).touch()


_use_cache_folder()


def kernel(function: Function) -> Function:
    """Compile a kernel on first use: cached on disk, the GIL released, no Python objects inside.

    Reference counting is off (``_nrt``): a kernel owns no array, it works in what its caller allocated. numba refuses
    to compile an allocation then, and each access to a field of a NamedTuple of arrays is free of two atomic
    operations: counting the legal moves of a 9×9 position took 8.1 µs with them and takes 1.7 µs without.
    For the same reason a kernel that Python calls must not return a view of an array: what arrives is the whole array.
    """
    return _compiled(function)


def inlined_kernel(function: Function) -> Function:
    """A kernel that is compiled into each of its callers.

    A board is ten arrays of seven words each, all passed on the stack: a call costs tens of nanoseconds. Inlining the
    steps of a rollout raised light rollouts from 76,000 to 102,000 a second on 9×9, from 18,000 to 24,000 on 19×19.
    A kernel that is first met while an inlined one is compiled inherits the option, unless it says otherwise.
    """
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **options: bool) -> Function:
    """numba's function for Python, which gives other kernels one without the wrappers that Python needs.

    Most kernels are called by kernels alone. Their wrappers, which unpack every array of a NamedTuple, and copies of
    them on disk were a fifth of a cold start (31.6 s of CPU time with them, 25.5 without).
    """
    options |= {"nogil": True, "_nrt": False}
    for_python = numba.njit(cache=True, **options)(function)
    if not numba.config.DISABLE_JIT:
        for_kernels = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(function)
        for_python.for_kernels = for_kernels
        for_python.get_call_template = for_kernels.get_call_template  # numba asks these two while it compiles a caller
        for_python.get_overload = for_kernels.get_overload
    return for_python  # type: ignore[no-any-return]
