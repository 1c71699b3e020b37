import os
import sys
from pathlib import Path

import pytest

from bursar.errors import BackendUnavailable
from bursar_executor.subprocesses.command import CommandSpec
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.tools.bench import Bench
from bursar_executor.tools.mypy import MYPY
from bursar_executor.tools.outcome import Finding, Meaning, ToolOutcome
from bursar_executor.tools.prettier import PRETTIER
from bursar_executor.tools.pytest import PYTEST
from bursar_executor.tools.ruff_check import RUFF_CHECK
from bursar_executor.tools.ruff_format import RUFF_FORMAT
from bursar_executor.tools.tool import ToolSpec
from bursar_executor.working_copy.changes import unified_diff
from bursar_executor.working_copy.copy import working_copy

FAULTY = b"import os\nl = 1\ndef f(x = []):\n    return x\n"
RULES = {"ruff.toml": b'lint.select = ["E741", "F401"]\n'}


@pytest.fixture(autouse=True)
def tools_beside_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")


async def work(
    subprocesses: Subprocesses, tool: ToolSpec, files: dict[str, bytes], origin: Path | None = None
) -> tuple[ToolOutcome, dict[str, bytes]]:
    with working_copy(files) as copy:
        outcome = await Bench(subprocesses).run(tool, copy, origin)
        return outcome, copy.contents()


async def test_ruff_mends_what_is_safe_and_tells_what_is_left(subprocesses: Subprocesses) -> None:
    outcome, contents = await work(subprocesses, RUFF_CHECK, {"pkg/a.py": FAULTY, **RULES})
    assert outcome.meaning is Meaning.FINDINGS
    assert outcome.version.startswith("ruff ")
    assert (outcome.findings_before, outcome.findings_after, outcome.fixed) == (2, 1, 1)
    assert outcome.findings == (
        Finding("pkg/a.py", 1, 1, "E741", "Ambiguous variable name: `l`"),
        Finding("pkg/a.py", 1, 8, "F401", "`os` imported but unused", True, True),
    )
    assert outcome.changed_files == ("pkg/a.py",)
    assert contents["pkg/a.py"] == FAULTY.removeprefix(b"import os\n")
    assert contents["ruff.toml"] == RULES["ruff.toml"]


async def test_ruff_lays_out_files_and_leaves_others_alone(subprocesses: Subprocesses) -> None:
    files = {"a.py": b"x = {  'a':1 }\n", "b.py": b"y = 1\n"}
    outcome, contents = await work(subprocesses, RUFF_FORMAT, files)
    assert (outcome.meaning, outcome.changed_files) == (Meaning.CLEAN, ("a.py",))
    assert (outcome.findings_before, outcome.findings_after, outcome.fixed) == (1, 0, 1)
    assert contents == {"a.py": b'x = {"a": 1}\n', "b.py": b"y = 1\n"}


@pytest.mark.parametrize("tool", [RUFF_CHECK, RUFF_FORMAT])
async def test_a_file_that_is_no_python_is_a_finding_and_does_not_stop_the_others(
    subprocesses: Subprocesses, tool: ToolSpec
) -> None:
    files = {"bad.py": b"def (\n", "a.py": b"import os\n\nx = {  'a':1 }\n"}
    outcome, _ = await work(subprocesses, tool, files)
    assert outcome.meaning is Meaning.FINDINGS
    left = {(finding.path, finding.code) for finding in outcome.findings if not finding.is_fixed}
    assert left == {("bad.py", "invalid-syntax")}
    assert outcome.changed_files == ("a.py",)


async def test_clean_files_are_clean_and_nothing_changes(subprocesses: Subprocesses) -> None:
    outcome, contents = await work(subprocesses, RUFF_CHECK, {"a.py": b"x = 1\n"})
    assert (outcome.meaning, outcome.findings, outcome.changed_files) == (Meaning.CLEAN, (), ())
    assert contents == {"a.py": b"x = 1\n"}


async def test_the_users_own_settings_count_with_their_patterns_and_their_own_packages(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ruff]\nsrc = ["libs"]\nlint.select = ["I", "F"]\n'
        'lint.per-file-ignores = { "scripts/*" = ["F401"] }\n'
    )
    (tmp_path / "libs/ours").mkdir(parents=True)
    (tmp_path / "libs/ours/__init__.py").touch()
    sorted_for_us = b"import theirs\n\nimport ours\n\nprint(theirs, ours)\n"
    files = {"app/a.py": sorted_for_us, "scripts/b.py": b"import os\n"}
    assert (await work(subprocesses, RUFF_CHECK, files, tmp_path))[0].meaning is Meaning.CLEAN
    without = (await work(subprocesses, RUFF_CHECK, files))[0]
    assert "F401" in [finding.code for finding in without.findings]


async def test_each_file_has_the_nearest_settings(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    (tmp_path / "ruff.toml").write_text('lint.select = ["F"]\n')
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/ruff.toml").write_text('lint.select = ["E741"]\n')
    files = {"a.py": b"import os\nl = 1\n", "sub/b.py": b"import os\nl = 1\n"}
    outcome, _ = await work(subprocesses, RUFF_CHECK, files, tmp_path)
    codes = {(finding.path, finding.code) for finding in outcome.findings}
    assert codes == {("a.py", "F401"), ("sub/b.py", "E741")}


async def test_settings_that_came_with_the_files_count_where_the_origin_is_unknown(
    subprocesses: Subprocesses,
) -> None:
    files = {"ruff.toml": b'lint.select = ["E741"]\n', "a.py": b"import os\nl = 1\n"}
    outcome, _ = await work(subprocesses, RUFF_CHECK, files)
    assert [finding.code for finding in outcome.findings] == ["E741"]


async def test_settings_ruff_cannot_read_are_a_failure_in_its_own_words(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    (tmp_path / "ruff.toml").write_text("no-such-setting = 1\n")
    outcome, _ = await work(subprocesses, RUFF_CHECK, {"a.py": b"import os\n"}, tmp_path)
    assert outcome.meaning is Meaning.FAILED
    assert "no-such-setting" in outcome.detail
    assert outcome.changed_files == ()


async def test_names_that_look_like_options_are_files(subprocesses: Subprocesses) -> None:
    outcome, _ = await work(subprocesses, RUFF_CHECK, {"--fix.py": b"import os\n"})
    assert [finding.path for finding in outcome.findings] == ["--fix.py"]


async def test_a_tool_that_is_not_installed_names_its_remedy(
    subprocesses: Subprocesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BackendUnavailable, match="npm install --save-dev prettier"):
        await work(subprocesses, PRETTIER, {"a.js": b"x\n"})


async def test_types_are_checked_within_the_copied_project(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    shop = "def price(name: str) -> int:\n    return 1\n"
    await git_project(subprocesses, tmp_path, {"shop.py": shop})
    wrong = b"from shop import price\n\ntotal: str = price('tea')\n"
    outcome, _ = await work(subprocesses, MYPY, {"till.py": wrong}, tmp_path)
    assert outcome.meaning is Meaning.FINDINGS, outcome.detail
    (finding,) = outcome.findings
    assert (finding.path, finding.line, finding.column) == ("till.py", 3, 14)
    assert finding.code == "assignment"
    assert sorted(os.listdir(tmp_path)) == [".git", "shop.py"]


async def test_tests_run_against_the_changed_file_in_a_copy_of_its_project(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    test = "from shop import price\n\ndef test_price():\n    assert price() == 2\n"
    await git_project(
        subprocesses, tmp_path, {"shop.py": "def price(): return 1\n", "test_shop.py": test}
    )
    changed = b"def price(): return 3\n"
    outcome, contents = await work(subprocesses, PYTEST, {"shop.py": changed}, tmp_path)
    assert outcome.meaning is Meaning.FINDINGS, outcome.detail
    (finding,) = outcome.findings
    assert (finding.path, finding.line, finding.code) == ("test_shop.py", 4, "test_price")
    assert "assert 3 == 2" in finding.message
    assert contents == {"shop.py": changed}
    assert outcome.detail == "0 passed, 1 failed, 0 errors"


async def test_files_around_are_no_part_of_the_result(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    await git_project(subprocesses, tmp_path, {"b.py": "b = 1\n"})
    with working_copy({"a.py": b"a: int = 1\n"}) as copy:
        await Bench(subprocesses).run(MYPY, copy, tmp_path)
        (copy.root / "b.py").write_text("changed by a tool\n")
        assert copy.changes() == ()
        assert unified_diff(copy.changes()) == ""


async def git_project(subprocesses: Subprocesses, root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).write_text(content)
    await subprocesses.run(CommandSpec(("git", "init", "-q"), root))
