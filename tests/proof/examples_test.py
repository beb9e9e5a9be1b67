"""The worked examples of the language load, and their test file passes. They are read from where they lie and corrected in a scratch
folder where they break the specification; each correction says why. Without them the test is skipped.

usage: examples_test.py STELLWERK SOURCE EXAMPLES
"""

import pathlib
import subprocess
import sys
import tempfile

# file -> [(text as it stands, text instead, why)]
CORRECTIONS: dict[str, list[tuple[str, str, str]]] = {
    "service.base.yaml": [
        (
            "  oldest_due:    { type: date } ",
            "  oldest_invoice: { type: ref, kind: invoice }\n  oldest_due:    { type: date } ",
            "`require` needs a row of the other actor to look at: the invoice that decides over suspension and termination",
        ),
        (
            "  invoice_opened:  { from: [invoice], with: { oldest_due: { type: date } } }",
            "  invoice_opened:  { from: [invoice], with: { oldest_due: { type: date }, invoice: { type: ref, kind: invoice } } }",
            "the invoice says which one it is",
        ),
        (
            '  invoice_opened:  { set: { oldest_due: "${event.oldest_due}" } }',
            '  invoice_opened:  { set: { oldest_due: "${event.oldest_due}", oldest_invoice: "${event.invoice}" } }',
            "and the service keeps it",
        ),
        (
            "    guard: mass                               # X50",
            "    require: \"self.oldest_invoice == null || self.oldest_invoice.status != 'paid'\"\n    guard: mass                               # X50",
            "LANGUAGE section 2: `require` is mandatory where a timer leads to a suspension and another actor decides",
        ),
        (
            "    guard: mass\n    to: terminating",
            "    require: \"self.oldest_invoice == null || self.oldest_invoice.status != 'paid'\"\n    guard: mass\n    to: terminating",
            "the same, where a timer leads to an operation that destroys",
        ),
    ],
    "proxmox-vm.yaml": [],
    "proxmox-vm.test.yaml": [
        (
            "given: { hostname: v1.example.de, plan: vps-m, server_pool: kvm }",
            "given: { hostname: v1.example.de, plan: vps-m }\n"
            "references: { plan: { vps-m: { cycle_days: 31, server_pool: kvm, cores: 2, memory_mb: 4096, disk_gb: 40 },"
            " vps-l: { cycle_days: 31, server_pool: kvm, cores: 4, memory_mb: 8192, disk_gb: 80 } } }",
            "server_pool is no attribute of the service but a field of its plan, which the workflow reads as self.plan.server_pool",
        ),
        ("always: ", "{more_cases}always: ", "two cases cannot reach all states and transitions, which the file's own goal asks for: ours do the rest"),
    ],
}


def corrected(folder: pathlib.Path, name: str, more_cases: str) -> str:
    text = (folder / name).read_text(encoding="utf-8")
    for old, new, why in CORRECTIONS[name]:
        if text.count(old) != 1:
            sys.exit(f"{name}: the correction for '{why}' finds its text {text.count(old)} times, not once:\n{old}")
        text = text.replace(old, new.replace("{more_cases}", more_cases))
    return text


def main() -> None:
    stellwerk, source, examples = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if not (examples / "proxmox-vm.yaml").is_file():
        print(f"skipped: there are no examples in {examples}")
        sys.exit(77)
    catalog = str(source / "tests/proof/examples.catalog.yaml")
    more_cases = (source / "tests/proof/examples.cases.yaml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name in CORRECTIONS:
            (folder / name).write_text(corrected(examples, name, more_cases), encoding="utf-8")
        if len(sys.argv) > 4:  # to look at what became of them
            for name in CORRECTIONS:
                (pathlib.Path(sys.argv[4]) / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
        for command, names in (("check", ["service.base.yaml", "proxmox-vm.yaml"]), ("test", ["proxmox-vm.test.yaml"])):
            done = subprocess.run([stellwerk, "workflow", command, "--catalog", catalog, *(str(folder / name) for name in names)],
                                  capture_output=True, text=True, timeout=60, check=False)
            print(done.stdout, done.stderr, sep="")
            if done.returncode != 0:
                sys.exit(f"workflow {command} ended with {done.returncode}")


if __name__ == "__main__":
    main()
