"""Ways to break a published log (C2SP tlog-tiles), all of which the verifier must find. Each gives what it must say."""

import pathlib


def newest_bundle(folder):
    """The entry bundle that ends the log: the widest partial one, or the last full one."""
    bundles = [path for path in (folder / "tile/entries").rglob("*") if path.is_file()]
    return max(bundles, key=lambda path: (bundle_start(path), path.stat().st_size))


def bundle_start(path):
    """The index of a bundle's first entry, from its path: tile/entries/x001/234[.p/5]."""
    parts = path.parts[path.parts.index("entries") + 1 :]
    number = "".join(
        part.lstrip("x").removesuffix(".p") for part in (parts[:-1] if parts[-2].endswith(".p") else parts)
    )
    return int(number) * 256


def offsets(bundle):
    """Where each entry of a bundle begins: two bytes of length, then the entry."""
    at, found = 0, []
    while at < len(bundle):
        found.append(at)
        at += 2 + int.from_bytes(bundle[at : at + 2], "big")
    return found


def flipped_byte(folder: pathlib.Path):
    """one bit of one byte"""
    path = newest_bundle(folder)
    bundle = bytearray(path.read_bytes())
    starts = offsets(bundle)
    entry = len(starts) // 2
    length = int.from_bytes(bundle[starts[entry] : starts[entry] + 2], "big")
    bundle[starts[entry] + 2 + length // 2] ^= 1
    path.write_bytes(bundle)
    return f"entry {bundle_start(path) + entry}:"


def cut_tail(folder: pathlib.Path):
    """the newest entry cut off"""
    path = newest_bundle(folder)
    bundle = path.read_bytes()
    starts = offsets(bundle)
    path.write_bytes(bundle[: starts[-1]])
    return f"entry {bundle_start(path) + len(starts) - 1}:"


KINDS = (flipped_byte, cut_tail)
