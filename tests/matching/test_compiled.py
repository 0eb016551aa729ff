"""Machine code that is kept is that of the engine as it is."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "services/matching/engine"
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
    shutil.copy(ENGINE / "compiled.py", engine)
    (engine / "callers.py").write_text(CALLERS)

    def asked(change: str) -> str:
        (engine / "called.py").write_text(CALLED.format(change=change))
        return subprocess.run(
            [sys.executable, "-c", ASK], cwd=tmp_path, check=True, capture_output=True
        ).stdout.decode()

    assert [asked("+ 1"), asked("+ 1"), asked("+ 4")] == ["4\n", "4\n", "7\n"]


def compiled() -> list[ast.FunctionDef]:
    nodes = [node for file in ENGINE.glob("*.py") for node in ast.parse(file.read_text("utf-8")).body]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return [node for node in functions if "compiled" in map(ast.unparse, node.decorator_list)]


def test_what_compiled_code_calls_returns_no_array() -> None:
    """Numba loads from its cache a wrong way to Python for it (ADR 126): it writes to an array that it is given."""
    called = {ast.unparse(at.func) for node in compiled() for at in ast.walk(node) if isinstance(at, ast.Call)}
    inner = {node.name: ast.unparse(node.returns) for node in compiled() if node.name in called and node.returns}
    assert len(inner) > 20
    assert [name for name, returned in inner.items() if "NDArray" in returned] == []
