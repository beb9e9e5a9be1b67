#!/usr/bin/env python3
"""Types the commands of README.md into a shell, against a demo of its own, and compares what they print.

Usage: check_readme.py ROOT BINARY. Fenced sh blocks after `<!-- run -->` are run in one bash, in order; the fenced block that follows one
at once is what it prints, where … stands for anything within a line. Exit status 1 when something else is printed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from pages import Block, blocks, commands_of, pattern_of

END = "--- end of block ---"
LIMIT_SECONDS = 240  # only ends what hangs


def read_start(demo: subprocess.Popen[str]) -> dict[str, str]:
    """Addresses and passwords from the lines of a first start."""
    found = {}
    patterns = {
        "API": r"is ready: (http://\S+)",
        "SANDBOX": r"sandbox on (http://[0-9.:]+)",
        "STAFF_PASSWORD": r"staff@example\.com\s+password (\S+)",
        "CUSTOMER_PASSWORD": r"customer@example\.com\s+password (\S+)",
    }
    for line in demo.stdout:
        for name, pattern in patterns.items():
            if told := re.search(pattern, line):
                found[name] = told.group(1)
        if len(found) == len(patterns):
            return found
    raise RuntimeError(f"the demo ended before it was ready; it told {sorted(found)}")


def run_page(pairs: list[tuple[Block, str]], root: pathlib.Path, binary: str, scratch: pathlib.Path) -> list[str]:
    programs = scratch / "bin"
    programs.mkdir()
    (programs / "stellwerk").symlink_to(binary)
    shutil.copytree(root / "workflows" / "library", scratch / "workflows" / "library")
    # a settings file keeps that of this machine out
    (scratch / "empty.yaml").write_text("{}\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STELLWERK_")}
    environment |= {"PATH": f"{programs}:{environment['PATH']}", "STELLWERK_CONFIG": str(scratch / "empty.yaml"), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen([binary, "demo", "--data-dir", str(scratch / "data"), "--listen", "127.0.0.1:0"], env=environment, stdout=subprocess.PIPE,
                          text=True) as demo:
        try:
            environment |= read_start(demo)
            script = "\n".join(f"{block.text}\necho '{END}'" for block, _ in pairs)
            done = subprocess.run(["bash", "-c", script], cwd=scratch, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  encoding="utf-8", timeout=LIMIT_SECONDS, check=False)
        finally:
            demo.terminate()
    printed = done.stdout.split(END + "\n")
    wrong = []
    for at, (block, expected) in enumerate(pairs):
        shown = printed[at] if at < len(printed) else ""
        if not pattern_of(expected).fullmatch(shown):
            wrong.append(f"{block.page}:{block.line}: expected\n{expected}but the shell showed\n{shown}")
    return wrong


def main() -> int:
    root, binary = pathlib.Path(sys.argv[1]).resolve(), str(pathlib.Path(sys.argv[2]).resolve())
    pairs = commands_of(blocks(root / "README.md", root))
    with tempfile.TemporaryDirectory() as scratch:
        wrong = run_page(pairs, root, binary, pathlib.Path(scratch))
    for told in wrong:
        print(told)
    print(f"{len(pairs)} blocks, {len(wrong)} wrong")
    return 1 if wrong or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
