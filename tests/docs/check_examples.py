#!/usr/bin/env python3
"""Tries the YAML and the commands of README.md and docs/ with the program, and compares the tables of problem codes and settings with
`stellwerk explain` and `stellwerk config reference`.

Usage: check_examples.py ROOT BINARY. Exit status 1 when something is not as the page tells. Of each page:

- A fenced yaml block whose first line is `language: 1` is a workflow or connector: `check` must find it good, or, when the line before
  its fence is `<!-- problems: SW012, SW030 -->`, find exactly these codes.
- One that begins with `test:` is a test of a workflow of that page, and must pass; one that begins with `catalog: 1` is given to both.
- A sh block after `<!-- run -->` is run beside these files, and must print what the fenced block after it says (README.md: check_readme.py).
"""
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from pages import Block, blocks, commands_of, pattern_of

CODE = re.compile(r"^[^\n]*: error (SW\d{3}): ", re.MULTILINE)
END = "--- end of block ---"
LIMIT_SECONDS = 60  # only ends what hangs


@dataclasses.dataclass
class Example:
    block: Block
    command: list[str]  # without the program and the file
    file: pathlib.Path


@dataclasses.dataclass
class Page:
    folder: pathlib.Path
    examples: list[Example]
    commands: list[tuple[Block, str]]
    catalogs: list[str]  # options


def expected_codes(block: Block) -> list[str]:
    told = re.fullmatch(r"problems: (SW\d{3}(?:, SW\d{3})*)", block.comment)
    return sorted(told.group(1).split(", ")) if told else []


def free_name(folder: pathlib.Path, name: str, ending: str) -> pathlib.Path:
    """`name`, or `name-2` and so on when an earlier example has it."""
    paths = (folder / f"{name}{'' if number == 1 else f'-{number}'}{ending}" for number in range(1, 100))
    return next(path for path in paths if not path.exists())


def example_of(block: Block, folder: pathlib.Path) -> Example | None:
    """The example as a file of its own; those with mistakes apart, so that nothing is built on them."""
    named = re.match(r"(?:language: 1\n(?:#[^\n]*\n)*(workflow|connector)|(test)): *(\S+)", block.text)
    if named is None:
        return None
    what, name = named.group(1) or named.group(2), named.group(3)
    if expected_codes(block):
        folder = folder / "mistakes"
        folder.mkdir(exist_ok=True)
    command = {"workflow": ["workflow", "check"], "connector": ["connector", "check"], "test": ["workflow", "test"]}[what]
    return Example(block, command, free_name(folder, name, ".test.yaml" if what == "test" else ".yaml"))


def lay_out(path: pathlib.Path, root: pathlib.Path, folder: pathlib.Path) -> Page:
    """Writes the examples of a page into `folder`."""
    found = blocks(path, root)
    folder.mkdir(parents=True)
    page = Page(folder, [], [] if path.name == "README.md" else commands_of(found), [])
    for block in found:
        if block.language != "yaml":
            continue
        if block.text.startswith("catalog: 1\n"):
            file = free_name(folder, "catalog", ".yaml")
            page.catalogs += ["--catalog", file.name]
        elif example := example_of(block, folder):
            file = example.file
            page.examples.append(example)
        else:
            continue
        file.write_text(block.text, encoding="utf-8")
    return page


def environment_for(binary: str, scratch: pathlib.Path) -> dict[str, str]:
    """`stellwerk` is the program to be tried, and settings of this machine are kept out."""
    programs = scratch / "bin"
    programs.mkdir()
    (programs / "stellwerk").symlink_to(binary)
    (scratch / "empty.yaml").write_text("{}\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STELLWERK_")}
    return environment | {"PATH": f"{programs}:{environment['PATH']}", "STELLWERK_CONFIG": str(scratch / "empty.yaml"), "LC_ALL": "C.UTF-8"}


def run(command: list[str], folder: pathlib.Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
                          timeout=LIMIT_SECONDS, check=False)


def try_example(example: Example, page: Page, environment: dict[str, str]) -> str:
    """What is wrong with it, or an empty text."""
    catalogs = page.catalogs if example.command[0] == "workflow" else []
    done = run(["stellwerk", *example.command, *catalogs, str(example.file.relative_to(page.folder))], page.folder, environment)
    found, expected = sorted(CODE.findall(done.stdout)), expected_codes(example.block)
    if found == expected and done.returncode == (1 if expected else 0):
        return ""
    wanted = ", ".join(expected) or "no problem"
    return f"{example.block.page}:{example.block.line}: {wanted} expected, but `{' '.join(example.command)}` said:\n{done.stdout}"


def try_commands(page: Page, environment: dict[str, str]) -> list[str]:
    script = "\n".join(f"{block.text}\necho '{END}'" for block, _ in page.commands)
    printed = run(["bash", "-c", script], page.folder, environment).stdout.split(END + "\n")
    wrong = []
    for at, (block, expected) in enumerate(page.commands):
        shown = printed[at] if at < len(printed) else ""
        if not pattern_of(expected).fullmatch(shown):
            wrong.append(f"{block.page}:{block.line}: expected\n{expected}but the shell showed\n{shown}")
    return wrong


def lines_of(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True).stdout.splitlines()


def missing_rows(pages: list[pathlib.Path], binary: str) -> list[str]:
    """Problem codes and settings that no table of the pages has."""
    tables = "".join(page.read_text(encoding="utf-8") for page in pages)
    codes = ["| `{}` | {} |".format(*line.split("  ", 1)) for line in lines_of(binary, "explain")]
    return [f"docs: no table has the row {row}" for row in [*codes, *lines_of(binary, "config", "reference")] if row not in tables]


def main() -> int:
    root, binary = pathlib.Path(sys.argv[1]).resolve(), str(pathlib.Path(sys.argv[2]).resolve())
    paths = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    wrong = missing_rows(paths, binary)
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        environment = environment_for(binary, scratch)
        for number, path in enumerate(paths):
            page = lay_out(path, root, scratch / f"{number}-{path.stem}")
            wrong += [told for told in (try_example(example, page, environment) for example in page.examples) if told]
            wrong += try_commands(page, environment) if page.commands else []
            tried += len(page.examples) + len(page.commands)
    for told in wrong:
        print(told)
    print(f"{tried} examples, {len(wrong)} wrong")
    # a test that finds nothing to check would pass for no reason
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
