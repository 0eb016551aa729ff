"""Machine code that is kept is that of the engine as it is."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASK = "from services.matching.engine.callers import asked; print(asked(3))"
CALLERS = """
from services.matching.engine.called import answer
from services.matching.engine.compiled import compiled

@compiled
def asked(value: int) -> int:
    return answer(value)
"""
CALLED = """
from services.matching.engine.compiled import compiled

@compiled
def answer(value: int) -> int:
    return value {change}
"""


def test_a_changed_function_is_seen_by_those_in_other_files_that_call_it(tmp_path: Path) -> None:
    engine = tmp_path / "services/matching/engine"
    engine.mkdir(parents=True)
    for folder in (engine, *engine.parents[:2]):
        (folder / "__init__.py").touch()
    shutil.copy(ROOT / "services/matching/engine/compiled.py", engine)
    (engine / "callers.py").write_text(CALLERS)

    def asked(change: str) -> str:
        (engine / "called.py").write_text(CALLED.format(change=change))
        return subprocess.run(
            [sys.executable, "-c", ASK], cwd=tmp_path, check=True, capture_output=True
        ).stdout.decode()

    assert [asked("+ 1"), asked("+ 1"), asked("+ 4")] == ["4\n", "4\n", "7\n"]
