#!/usr/bin/env python3
"""Every file that README.md and docs/ name must be there: targets of links with their headings, and paths in `backticks`.

Usage: check_paths.py ROOT. A path in backticks is a word with a '/' that begins with one of our folders, such as `actors/durable.cpp`.
Exit status 1 when one leads nowhere.
"""
import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")
QUOTED = re.compile(r"`([a-z_.]+(?:/[A-Za-z0-9_.\-]+)*/?)`")
HEADING = re.compile(r"^#+ +(.*?)\s*$", re.MULTILINE)


def anchors_of(page: pathlib.Path) -> set[str]:
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(page.read_text(encoding="utf-8"))}


def wrong_in(page: pathlib.Path, root: pathlib.Path, folders: set[str]) -> tuple[int, list[str]]:
    """How many were seen, and what leads nowhere."""
    seen, wrong = 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        named = [(root / path, path, "") for path in QUOTED.findall(line) if "/" in path and path.split("/")[0] in folders]
        named += [(page.parent / path if path else page, path, anchor) for path, anchor in LINK.findall(line) if "://" not in path and (path or anchor)]
        for file, path, anchor in named:
            seen += 1
            told = path if not file.exists() else f"heading {path}#{anchor}" if anchor and anchor not in anchors_of(file) else ""
            if told:
                wrong.append(f"{page.relative_to(root)}:{number}: there is no {told}")
    return seen, wrong


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    folders = {entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")} - {"build"}
    seen, wrong = 0, []
    for page in [root / "README.md", root / "bench" / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        here, wrong_here = wrong_in(page, root, folders)
        seen, wrong = seen + here, wrong + wrong_here
    for told in wrong:
        print(told)
    print(f"{seen} paths, {len(wrong)} wrong")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
