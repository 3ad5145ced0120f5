# SPDX-License-Identifier: MIT
"""As much of docs/manifest.md as the ground truth needs; `sigsweep check` judges the format."""
REPEATED = {"argument", "environment", "needs", "finding", "benign", "outcome",
            "delivery"}


def read(path):
    """{key: value}, with lists for the keys that may be repeated."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, _, value = (part.strip() for part in line.partition(":"))
            if key in REPEATED:
                found.setdefault(key, []).append(value)
            else:
                found[key] = value
    return found


def stdin_bytes(manifest):
    value = manifest.get("stdin", "text:")
    if not value.startswith("text:"):
        raise ValueError(f"stdin {value}: only text: is known here")
    return value[len("text:"):].encode().decode("unicode_escape").encode("latin-1")


def findings(manifest):
    """{(oracle, kind)} that the manifest declares."""
    return named(manifest, "finding")


def benign(manifest):
    """The same of those that must be listed as benign."""
    return named(manifest, "benign")


def named(manifest, key):
    return {tuple(value.split()[0].split("/")) for value in manifest.get(key, [])}


def outcomes(manifest):
    """The names of the outcomes that the manifest declares."""
    return {value.split()[0] for value in manifest.get("outcome", [])}
