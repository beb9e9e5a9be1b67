#!/usr/bin/env python3
"""Every file that README.md and docs/ name must be there: targets of links, and paths in `backticks`.

Usage: check_paths.py ROOT. A path in backticks is a word with a '/' that begins with one of our folders, such as `actors/durable.cpp`.
Exit status 1 when one leads nowhere.
"""
import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
QUOTED = re.compile(r"`([a-z_.]+(?:/[A-Za-z0-9_.\-]+)*/?)`")


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    folders = {entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")} - {"build"}
    seen, wrong = 0, 0
    for page in [root / "README.md", root / "bench" / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
            named = [(page.parent, target) for target in LINK.findall(line) if "://" not in target]
            named += [(root, path) for path in QUOTED.findall(line) if "/" in path and path.split("/")[0] in folders]
            for folder, path in named:
                seen += 1
                if not (folder / path).exists():
                    print(f"{page.relative_to(root)}:{number}: there is no {path}")
                    wrong += 1
    print(f"{seen} paths, {wrong} wrong")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
