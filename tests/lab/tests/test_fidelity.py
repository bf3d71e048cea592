"""The fidelity table: complete, proved by tests, and the same in README.md."""

from __future__ import annotations

import importlib
import unittest
from collections import Counter
from pathlib import Path

from support import PROVED

from lab.behaviours import BASES, BEHAVIOURS, report
from lab.fidelity import README, with_table


class Fidelity(unittest.TestCase):
    def test_rows(self) -> None:
        self.assertEqual([i for i, n in Counter(b.id for b in BEHAVIOURS).items() if n > 1], [])
        for behaviour in BEHAVIOURS:
            self.assertIn(behaviour.basis, BASES)
            self.assertRegex(behaviour.source, r"^((cloudtrail|aws-emulators)\.md \d+(\.\d+)?|AWS [A-Z][\w ]+)$")
        self.assertEqual(sum(report()["counts"].values()), len(BEHAVIOURS))

    def test_each_behaviour_is_proved(self) -> None:
        for path in Path(__file__).parent.glob("test_*.py"):
            importlib.import_module(path.stem)
        known = {behaviour.id for behaviour in BEHAVIOURS}
        self.assertEqual(known - PROVED.keys(), set(), "behaviours that no test proves")
        self.assertEqual(PROVED.keys() - known, set(), "proofs of behaviours that are not in the table")

    def test_readme_lists_the_same(self) -> None:
        text = README.read_text()
        self.assertEqual(text, with_table(text), "run python -m lab.fidelity --write")


if __name__ == "__main__":
    unittest.main()
