"""`python -m lab.fidelity [--write]`: prints the fidelity table, or writes it into README.md between its marks."""

from __future__ import annotations

import argparse
from itertools import groupby
from pathlib import Path

from lab.behaviours import BEHAVIOURS, report

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- behaviours: begin -->", "<!-- behaviours: end -->"


def table() -> str:
    counts = ", ".join(f"{number} {basis}" for basis, number in report()["counts"].items())
    lines = [f"{len(BEHAVIOURS)} behaviours: {counts}."]
    for group, behaviours in groupby(BEHAVIOURS, key=lambda behaviour: behaviour.group):
        lines += ["", f"### {group}", "", "| id | behaviour | basis | source |", "|---|---|---|---|"]
        lines += [f"| {b.id} | {b.what.replace('|', '&#124;')} | {b.basis} | {b.source} |" for b in behaviours]
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}{END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="lab.fidelity", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    if parser.parse_args().write:
        README.write_text(with_table(README.read_text()))
    else:
        print(table(), end="")


if __name__ == "__main__":
    main()
