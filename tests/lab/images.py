"""The cached root file systems: built once, each under a digest of its recipe."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lab.flavours import FLAVOURS, IMAGES, Image
from lab.paths import RECIPES, Paths
from lab.process import LabError

MIRROR = os.environ.get("CLOUDRESET_LAB_MIRROR", "http://deb.debian.org/debian")

# Manuals, translations and caches that no host of the lab reads.
_ARCHIVES = "/var/cache/apt/archives"
_EXCLUDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/groff/*")

# Runs in a mount namespace of its own, so that a killed build leaves no mounts.  $1 the root, $2 the package cache,
# $3 the recipe.  Daemons must not start in a chroot: policy-rc.d forbids it.
_CHROOT = """
set -eu
root=$1 cache=$2 recipe=$3
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$cache" "$root/var/cache/apt/archives"
mount --bind /dev "$root/dev"
cp --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\\nexit 101\\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp "$recipe" "$root/tmp/recipe"
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    chroot "$root" /bin/sh /tmp/recipe
rm -rf "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
"""

Say = Callable[[str], None]


def digest(image: Image) -> str:
    """What the image is made of, in twelve characters: a changed recipe gives another one."""
    parts = [repr(image), MIRROR, _CHROOT, *_EXCLUDED, *((RECIPES / name).read_text() for name in image.recipes)]
    if image.parent:
        parts.append(digest(IMAGES[image.parent]))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def directory(paths: Paths, name: str) -> Path:
    """Where the image's root file system is, once it is built."""
    return paths.images / f"{name}-{digest(IMAGES[name])}"


def ensure(paths: Paths, names: Iterable[str], say: Say) -> None:
    """Build those of the named images that are not in the cache."""
    for name in dict.fromkeys(names):
        if directory(paths, name).exists():
            continue
        with lock(paths):
            _build(paths, IMAGES[name], say)


def needed_for(flavours: Iterable[str]) -> list[str]:
    """The images that hosts of these flavours start from."""
    return list(dict.fromkeys(FLAVOURS[name].image for name in flavours))


@contextmanager
def in_use(paths: Paths) -> Iterator[None]:
    """Keep the images from being removed: hosts lie on them."""
    with _users(paths) as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        yield


def prune(paths: Paths, kept: Iterable[Path] = ()) -> None:
    """Remove images of older recipes, unless a lab uses images (in another container, say, with the same cache)."""
    current = {*(directory(paths, name) for name in IMAGES), *kept}
    with _users(paths) as stream:
        if not _is_alone(stream):
            return
        for path in paths.images.glob("[!.]*"):
            if path not in current:
                shutil.rmtree(path)


def remove_cache(paths: Paths) -> None:
    """Remove all images and downloaded packages."""
    with _users(paths) as stream:
        if not _is_alone(stream):
            raise LabError(f"another lab that is up uses {paths.cache}, so it stays")
        shutil.rmtree(paths.cache)


def _users(paths: Paths) -> IO[str]:
    paths.images.mkdir(parents=True, exist_ok=True)
    return (paths.images / ".users").open("w")


def _is_alone(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def lock(paths: Paths) -> Iterator[None]:
    """One build at a time."""
    paths.images.mkdir(parents=True, exist_ok=True)
    with (paths.images / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _build(paths: Paths, image: Image, say: Say) -> None:
    target = directory(paths, image.name)
    if target.exists():  # another process built it while we waited for the lock
        return
    if image.parent:
        _build(paths, IMAGES[image.parent], say)
    say(f"Building the root file system '{image.name}' (only the first time; about half a minute) …")
    unfinished = paths.images / f".{target.name}.unfinished"
    _discard(unfinished)
    (paths.packages / "partial").mkdir(parents=True, exist_ok=True)
    log = paths.cache / f"build-{image.name}.log"
    with log.open("w") as stream:
        _command(_base_command(paths, image, unfinished), stream.fileno(), image, log)
        for recipe in image.recipes:
            _command(_recipe_command(paths, recipe, unfinished), stream.fileno(), image, log)
    unfinished.rename(target)


def _base_command(paths: Paths, image: Image, root: Path) -> list[str]:
    if image.parent:
        return ["cp", "-a", "--reflink=auto", str(directory(paths, image.parent)), str(root)]
    return [
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--skip=download/empty,essential/unlink,cleanup/apt/cache"),
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED),
        "--dpkgopt=force-unsafe-io",
        f'--setup-hook=mkdir -p "$1{_ARCHIVES}" && mount --bind "{paths.packages}" "$1{_ARCHIVES}"',
        f'--customize-hook=umount "$1{_ARCHIVES}"',
        f"--include={','.join(image.packages)}",
        *(image.suite, str(root), MIRROR),
    ]


def _recipe_command(paths: Paths, recipe: str, root: Path) -> list[str]:
    return ["sh", "-c", _CHROOT, "chroot", str(root), str(paths.packages), str(RECIPES / recipe)]


def _command(command: list[str], log: int, image: Image, log_path: Path) -> None:
    isolated = ["unshare", "--mount", "--propagation", "private", "--", *command]
    status = subprocess.run(isolated, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode
    if status != 0:
        last = "\n".join(log_path.read_text(errors="replace").splitlines()[-5:])
        raise LabError(f"building '{image.name}' failed at '{command[0]}' (status {status}); {log_path} ends:\n{last}")


def _discard(root: Path) -> None:
    if root.exists():
        # a build that was killed; nothing is mounted in there, because its mounts died with it
        shutil.rmtree(root)
