#!/usr/bin/env python3
"""Gives every complete YAML file of README.md and docs/ to `stellwerk workflow check` or `connector check`, and compares the tables of
problem codes and settings with `stellwerk explain` and `stellwerk config reference`.

Usage: check_examples.py ROOT BINARY. A complete file is a fenced yaml block whose first line is `language: 1`. It must be good, or, when
the line before its fence is `<!-- problems: SW012, SW030 -->`, have exactly these codes. Exit status 1 when an example is not as told.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

from pages import Block, blocks

CODE = re.compile(r"^[^\n]*: error (SW\d{3}): ", re.MULTILINE)


def expected_codes(block: Block) -> list[str]:
    told = re.fullmatch(r"problems: (SW\d{3}(?:, SW\d{3})*)", block.comment)
    return sorted(told.group(1).split(", ")) if told else []


def check(block: Block, binary: str, folder: pathlib.Path) -> str:
    """What is wrong with the example, or an empty text."""
    command = "connector" if re.search(r"^connector:", block.text, re.MULTILINE) else "workflow"
    file = folder / "example.yaml"
    file.write_text(block.text, encoding="utf-8")
    done = subprocess.run([binary, command, "check", str(file)], capture_output=True, text=True, timeout=60, check=False)
    found, expected = sorted(CODE.findall(done.stdout)), expected_codes(block)
    if found != expected or done.returncode != (1 if expected else 0):
        wanted = ", ".join(expected) or "no problem"
        return f"{block.page}:{block.line}: {wanted} expected, but `{command} check` said:\n{done.stdout}{done.stderr}"
    return ""


def lines_of(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()


def missing_rows(pages: list[pathlib.Path], binary: str) -> list[str]:
    """Problem codes and settings that no table of the pages has."""
    tables = "".join(page.read_text(encoding="utf-8") for page in pages)
    codes = ["| `{}` | {} |".format(*line.split("  ", 1)) for line in lines_of(binary, "explain")]
    return [f"docs: no table has the row {row}" for row in [*codes, *lines_of(binary, "config", "reference")] if row not in tables]


def main() -> int:
    root, binary = pathlib.Path(sys.argv[1]), sys.argv[2]
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    examples = [b for page in pages for b in blocks(page, root) if b.language == "yaml" and b.text.startswith("language: 1\n")]
    with tempfile.TemporaryDirectory() as folder:
        wrong = [told for told in (check(b, binary, pathlib.Path(folder)) for b in examples) if told]
    wrong += missing_rows(pages, binary)
    for told in wrong:
        print(told)
    print(f"{len(examples)} examples, {len(wrong)} wrong")
    # a test that finds nothing to check would pass for no reason
    return 1 if wrong or not examples else 0


if __name__ == "__main__":
    sys.exit(main())
