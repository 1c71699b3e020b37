"""What tools said when they were run by hand on small files, and how it is read."""

from pathlib import Path

import pytest

from bursar_executor.subprocesses.command import CommandResult, Ending
from bursar_executor.tools.eslint import ESLINT
from bursar_executor.tools.gofmt import GOFMT
from bursar_executor.tools.mypy import MYPY
from bursar_executor.tools.outcome import Finding, Meaning
from bursar_executor.tools.prettier import PRETTIER
from bursar_executor.tools.pytest import PYTEST
from bursar_executor.tools.registry import TOOLS, by_name, tools_for
from bursar_executor.tools.ruff_check import RUFF_CHECK
from bursar_executor.tools.rustfmt import RUSTFMT
from bursar_executor.tools.shellcheck import SHELLCHECK
from bursar_executor.tools.tool import ToolSpec, Workplace

LAYOUT = "would be laid out anew"


def said(exit_code: int, stdout: str = "", stderr: str = "") -> CommandResult:
    return CommandResult(
        ending=Ending.EXITED,
        exit_code=exit_code,
        signal=None,
        stdout=stdout.encode(),
        stderr=stderr.encode(),
        stdout_cut=False,
        stderr_cut=False,
        wall_ns=1,
        cpu_ns=1,
        peak_memory_bytes=1,
        network_isolated=True,
        swept_processes=0,
    )


RECORDED = [
    (GOFMT, said(0), ()),
    (GOFMT, said(0, "./a.go\n"), (Finding("./a.go", 0, 0, "unformatted", LAYOUT, True),)),
    (
        GOFMT,
        said(2, "", "./bad.go:2:7: expected ')', found 'EOF'\n"),
        (Finding("./bad.go", 2, 7, "invalid-syntax", "expected ')', found 'EOF'"),),
    ),
    (RUSTFMT, said(0), ()),
    (RUSTFMT, said(1, "/c/a.rs\n"), (Finding("/c/a.rs", 0, 0, "unformatted", LAYOUT, True),)),
    (
        RUSTFMT,
        said(
            1,
            "",
            "error: this file contains an unclosed delimiter\n --> /c/bad.rs:1:11\n  |\n"
            "1 | fn main( {\n  |        - -^\n",
        ),
        (
            Finding(
                "/c/bad.rs", 1, 11, "invalid-syntax", "this file contains an unclosed delimiter"
            ),
        ),
    ),
    (PRETTIER, said(0), ()),
    (PRETTIER, said(1, "a.js\n"), (Finding("a.js", 0, 0, "unformatted", LAYOUT, True),)),
    (
        PRETTIER,
        said(
            2,
            "",
            "[error] bad.js: SyntaxError: Unexpected token (1:7)\n[error] > 1 | const = ;\n"
            "[error]     |       ^\n",
        ),
        (Finding("bad.js", 1, 7, "invalid-syntax", "SyntaxError: Unexpected token"),),
    ),
    (
        ESLINT,
        said(
            1,
            '[{"filePath":"/c/a.js","messages":[{"ruleId":"no-var","severity":2,"message":'
            '"Unexpected var, use let or const instead.","line":2,"column":1,"messageId":'
            '"unexpectedVar","endLine":2,"endColumn":14,"fix":{"range":[16,29],"text":'
            '"let unused=3;"}},{"ruleId":null,"fatal":true,"severity":2,"message":'
            '"Parsing error: Unexpected token =","line":1,"column":7}],"errorCount":2}]',
        ),
        (
            Finding("/c/a.js", 2, 1, "no-var", "Unexpected var, use let or const instead.", True),
            Finding("/c/a.js", 1, 7, "invalid-syntax", "Parsing error: Unexpected token ="),
        ),
    ),
    (SHELLCHECK, said(0, '{"comments":[]}\n'), ()),
    (
        SHELLCHECK,
        said(
            1,
            '{"comments":[{"file":"./a.sh","line":2,"endLine":2,"column":10,"endColumn":21,'
            '"level":"error","code":2045,"message":"Iterating over ls output is fragile.",'
            '"fix":null}]}\n',
        ),
        (Finding("./a.sh", 2, 10, "SC2045", "Iterating over ls output is fragile."),),
    ),
    (MYPY, said(0), ()),
    (
        MYPY,
        said(
            1,
            "./a.py:3:14: error: Incompatible types in assignment  [assignment]\n"
            './a.py:3:14: note: "price" is defined here\n',
        ),
        (Finding("./a.py", 3, 14, "assignment", "Incompatible types in assignment"),),
    ),
    (
        PYTEST,
        said(
            1,
            "F                                                    [100%]\n"
            "=================================== FAILURES ===================================\n"
            "_________________________________ test_price _________________________________\n"
            "test_shop.py:4: in test_price\n    assert price() == 2\n"
            "E   assert 3 == 2\nE    +  where 3 = price()\n"
            "=========================== short test summary info ============================\n"
            "FAILED test_shop.py::test_price - assert 3 == 2\n1 failed in 0.02s\n",
        ),
        (Finding("test_shop.py", 4, 0, "test_price", "assert 3 == 2"),),
    ),
    (PYTEST, said(5, "\nno tests ran in 0.01s\n"), ()),
]


@pytest.mark.parametrize(("tool", "result", "findings"), RECORDED)
def test_what_a_tool_said_is_read(
    tool: ToolSpec, result: CommandResult, findings: tuple[Finding, ...]
) -> None:
    reading = tool.read(result)
    assert reading.findings == findings
    assert reading.meaning is (Meaning.FINDINGS if findings else Meaning.CLEAN)


@pytest.mark.parametrize(
    ("tool", "result", "detail"),
    [
        (RUFF_CHECK, said(2, "", "ruff failed\n  Cause: no\n"), "ruff failed\n  Cause: no"),
        (MYPY, said(2, "", "mypy: can't read file\n"), "mypy: can't read file"),
        (
            PYTEST,
            said(4, "", "ERROR: usage: pytest\n__main__.py: error: unrecognized arguments: -x\n"),
            "__main__.py: error: unrecognized arguments: -x",
        ),
        (
            ESLINT,
            said(
                2,
                "",
                "\nOops! Something went wrong! :(\n\nESLint: 10.15.0\n\n"
                "ESLint couldn't find an eslint.config.* file.\n",
            ),
            "ESLint couldn't find an eslint.config.* file.",
        ),
        (
            GOFMT,
            said(2, "", "stat ./none.go: no such file or directory\n"),
            "stat ./none.go: no such file or directory",
        ),
        (SHELLCHECK, said(2, "", "openBinaryFile: does not exist\n"), "openBinaryFile: does not"),
    ],
)
def test_a_tool_that_could_not_work_says_why(
    tool: ToolSpec, result: CommandResult, detail: str
) -> None:
    reading = tool.read(result)
    assert reading.meaning is Meaning.FAILED
    assert reading.detail.startswith(detail)


def test_each_tool_has_a_name_of_its_own_a_remedy_and_something_it_can() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)
    assert all(tool.remedy and tool.capabilities and tool.patterns for tool in TOOLS)
    assert by_name("ruff-check") is RUFF_CHECK
    assert by_name("no-such-tool") is None


def test_tools_are_chosen_by_need_and_file_and_mend_faults_before_the_layout() -> None:
    chosen = tools_for(["formatting", "linting"], ["a.py", "web/b.ts", "README"])
    assert [tool.name for tool in chosen] == ["ruff-check", "eslint", "ruff-format", "prettier"]
    assert tools_for(["linting"], ["README"]) == ()
    assert tools_for(["debugging"], ["a.py"]) == ()


def test_a_project_s_own_program_comes_before_the_system_s(tmp_path: Path) -> None:
    program = tmp_path / "node_modules/.bin/prettier"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    assert PRETTIER.locate(tmp_path / "src") != (str(program),)
    program.chmod(0o755)
    assert PRETTIER.locate(tmp_path / "src") == (str(program),)


def test_rust_is_read_in_the_edition_of_its_project(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[package]\nedition = "2018"\n')
    workplace = Workplace(tmp_path / "copy", ("src/a.rs",), tmp_path)
    assert "2018" in RUSTFMT.check(workplace)[0].arguments
    alone = Workplace(tmp_path / "copy", ("src/a.rs",), None)
    assert "2021" in RUSTFMT.check(alone)[0].arguments


@pytest.mark.parametrize("content", ['{"prettier": {}}', '{"name": "x"}', "no json"])
def test_settings_of_prettier_in_a_package_file_count_if_there_are_any(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "package.json").write_text(content)
    (call,) = PRETTIER.check(Workplace(tmp_path / "copy", ("a.js",), tmp_path))
    assert ("--no-config" in call.arguments) == ('"prettier"' not in content)
