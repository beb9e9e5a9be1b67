#!/usr/bin/env python3
"""Checks every #include against the table of docs/architecture.md, and words that are banned.

Usage: check_layers.py ROOT. Prints file:line: rule for each violation; exit status 1 if there is one.
"""
import pathlib
import re
import sys

ALL = "all"

# Folder → prefixes of our own headers it may include besides its own. `core` is open to everyone. First match by longest folder.
MAY_INCLUDE = {
    "core": [],
    "config": [],
    "monitoring": [],
    "workflows": ["config/yaml.hpp"],
    "connectors": ["config/", "monitoring/", "workflows/cel/", "workflows/catalog.hpp"],
    "storage": ["config/", "monitoring/", "workflows/"],
    "actors": ["config/", "monitoring/", "workflows/", "connectors/", "storage/"],
    "api": ["config/", "monitoring/", "actors/client.hpp", "actors/views.hpp"],
    "api/http": ["config/", "monitoring/"],
    "sandbox": ["config/", "api/http/"],
    "app": ALL,
    "tests": ALL,
    "bench": ALL,
}
# Not even their own folder's neighbours: api/http knows nothing of the routes above it.
FOLDERS = sorted(MAY_INCLUDE, key=len, reverse=True)

# Library → (pattern of its headers, folders that may include it). Tests and bench may use any.
CONFINED = {
    "yaml-cpp": (r"yaml-cpp/", ["config"]),
    "libsodium": (r"sodium(\.h|/)", ["config"]),
    "prometheus-cpp": (r"prometheus/", ["monitoring"]),
    "spdlog": (r"spdlog/", ["monitoring"]),
    "RE2": (r"re2/", ["workflows/cel"]),
    "the time-zone library": (r"date/", ["workflows/cel"]),
    "libcurl": (r"curl/", ["connectors"]),
    "OpenSSL": (r"openssl/", ["connectors"]),
    "libssh": (r"libssh/", ["connectors"]),
    "pugixml": (r"pugixml", ["connectors"]),
    "SOCI": (r"soci(/|-|\.h)", ["storage"]),
    "libpq": (r"(libpq-fe\.h|libpq/|postgresql/)", ["storage"]),
    "SQLite": (r"sqlite3(ext)?\.h", ["storage"]),
    "CAF": (r"caf/", ["actors"]),
    "NATS": (r"nats(\.h|/)", ["actors"]),
    "Pistache": (r"pistache/", ["api/http"]),
    "CLI11": (r"CLI/", ["app"]),
    "Boost.Test": (r"boost/test/", []),
    "RapidCheck": (r"rapidcheck", []),
    "Google Benchmark": (r"benchmark/", []),
}
FREE = ["tests", "bench"]

# Word, why, folders where it counts (None: everywhere).
BANNED = [
    (r"\bResponseWriter\b", "answers the wrong client when a client aborts; write through the own transport", None),
    (r"\bResponseStream\b", "crashes when fed from another thread; use http::Stream", None),
    (r"\bRest::Router\b|\bpistache/router\.h", "recurses in std::regex; use the own router", None),
    (r"\bHttp::Endpoint\b|\bPistache::Http::Endpoint\b|\bpistache/endpoint\.h", "brings ResponseWriter back; use the own transport", None),
    (r"\btimeoutAfter\b", "belongs to ResponseWriter; the transport has its own timeouts", None),
    (r"\bstd::(basic_)?w?regex\b|#\s*include\s*<regex>", "recurses on long input; use RE2 in workflows/cel or a hand-written check", None),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.:>])sleep\s*\(", "wait for a state, not for time", ["tests"]),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = (".cpp", ".hpp", ".h", ".cc")
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"', re.S)


def folder_of(path):
    """The folder of the table that `path` (relative, with /) lies in, or None."""
    for folder in FOLDERS:
        if path == folder or path.startswith(folder + "/"):
            return folder
    return None


def is_free(path):
    return any(path.startswith(folder + "/") for folder in FREE)


def check_own(path, target):
    folder, owner = folder_of(path), folder_of(target)
    if folder is None or owner is None or owner == "core":
        return None
    allowed = MAY_INCLUDE[folder]
    if allowed == ALL or owner == folder:
        return None
    if folder == "api" and owner == "api/http":
        return None
    # config is one folder, but workflows may read YAML only: no settings, no secrets
    if any(target == one or (one.endswith("/") and target.startswith(one)) for one in allowed):
        return None
    return f"{folder} may not include {target} (allowed: core{''.join(', ' + one for one in allowed)})"


def home_of(target):
    """(library, folders) of a library header that is confined, or None."""
    for name, (pattern, folders) in CONFINED.items():
        if re.match(pattern, target):
            return name, folders
    return None


def lies_in(path, folders):
    return any(path.startswith(folder + "/") for folder in folders)


def check_library(path, target):
    home = home_of(target)
    if home is None or is_free(path) or lies_in(path, home[1]):
        return None
    return f"{home[0]} is confined to {', '.join(home[1]) or 'tests and bench'}; {target} is included here"


class Headers:
    """Which confined libraries come along with a header of ours, directly or through others."""

    def __init__(self, root):
        self.root = root
        self.known = {}

    def brought_by(self, header):
        if header not in self.known:
            self.known[header] = set()  # ends circles
            file = self.root / header
            if file.is_file():
                found = set()
                for line in file.read_text(encoding="utf-8").split("\n"):
                    include = INCLUDE.match(line)
                    if include and home_of(include.group(2)):
                        found.add(home_of(include.group(2))[0])
                    elif include and folder_of(include.group(2)):
                        found |= self.brought_by(include.group(2))
                self.known[header] = found
        return self.known[header]

    def check(self, path, target):
        """A header that needs its folder's library serves that folder only."""
        if is_free(path) or folder_of(target) is None:
            return None
        for name in sorted(self.brought_by(target)):
            if not lies_in(path, CONFINED[name][1]):
                return f"a public header may not include a confined library: {target} brings {name}"
        return None


def strip(text):
    """Comments and string literals blanked, line breaks kept; #include lines stay whole."""
    def blank(match):
        found = match.group(0)
        begin = text.rfind("\n", 0, match.start()) + 1
        if found.startswith('"') and re.match(r"\s*#\s*include", text[begin:match.start()]):
            return found
        return re.sub(r"[^\n]", " ", found)
    return COMMENT_OR_TEXT.sub(blank, text)


def check_file(root, file, headers):
    path = file.relative_to(root).as_posix()
    if folder_of(path) is None:
        return
    for number, line in enumerate(strip(file.read_text(encoding="utf-8")).split("\n"), 1):
        include = INCLUDE.match(line)
        if include:
            kind, target = include.groups()
            if target.startswith("../") or target.startswith("./"):
                yield path, number, f"includes are written from the root, not as {target}"
            sibling = kind == '"' and "/" not in target and (file.parent / target).exists()
            if sibling:
                yield path, number, f"includes are written from the root: {file.parent.relative_to(root).as_posix()}/{target}"
            rule = check_own(path, target) or check_library(path, target) or headers.check(path, target)
            if rule:
                yield path, number, rule
        for pattern, why, folders in BANNED:
            if folders is not None and not any(path.startswith(folder + "/") for folder in folders):
                continue
            found = re.search(pattern, line)
            if found:
                yield path, number, f"{found.group(0).strip()} is banned: {why}"


def check(root):
    root = pathlib.Path(root)
    headers = Headers(root)
    violations = []
    for folder in {name.split("/")[0] for name in MAY_INCLUDE}:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in SOURCES and file.is_file():
                violations.extend(check_file(root, file, headers))
    return sorted(violations)


def main():
    if len(sys.argv) != 2 or not (pathlib.Path(sys.argv[1]) / "core").is_dir():
        print("usage: check_layers.py ROOT (the folder that holds core/)", file=sys.stderr)
        return 2
    violations = check(sys.argv[1])
    for path, number, rule in violations:
        print(f"{path}:{number}: {rule}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
