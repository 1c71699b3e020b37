import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar_executor.working_copy.bounds import CopyBounds
from bursar_executor.working_copy.changes import FileChange, unified_diff
from bursar_executor.working_copy.copy import working_copy


def test_files_lie_in_the_copy_as_they_lay_and_it_is_gone_afterwards() -> None:
    files = {"a.py": b"a = 1\n", "deep/down/b.py": b"b = 2\r\n"}
    with working_copy(files) as copy:
        assert (copy.root / "deep/down/b.py").read_bytes() == b"b = 2\r\n"
        assert copy.paths == ("a.py", "deep/down/b.py")
        assert copy.changes() == ()
    assert not copy.root.exists()


def test_changed_new_and_deleted_files_are_told_apart() -> None:
    with working_copy({"a": b"1\n", "b": b"2\n", "src/target/c": b"3\n"}) as copy:
        (copy.root / "a").write_bytes(b"one\n")
        (copy.root / "b").unlink()
        (copy.root / "new").write_bytes(b"new\n")
        assert copy.changes() == (
            FileChange("a", b"1\n", b"one\n"),
            FileChange("b", b"2\n", None),
            FileChange("new", None, b"new\n"),
        )


def test_caches_and_links_that_tools_leave_are_no_changes() -> None:
    with working_copy({"a.py": b"1\n"}) as copy:
        for name in (".ruff_cache/x", "__pycache__/a.pyc", "node_modules/y"):
            (copy.root / name).parent.mkdir()
            (copy.root / name).write_bytes(b"x")
        (copy.root / "link").symlink_to("/etc/passwd")
        assert copy.changes() == ()


def test_a_file_replaced_by_a_link_counts_as_deleted_and_is_not_read() -> None:
    with working_copy({"a": b"1\n"}) as copy:
        (copy.root / "a").unlink()
        (copy.root / "a").symlink_to("/etc/passwd")
        assert copy.changes() == (FileChange("a", b"1\n", None),)


@pytest.mark.parametrize(
    "path",
    ["../a", "/etc/passwd", "a/../../b", "./a", "a//b", "", "a/", "a\nb", "\udcff", ".git/hooks/x"],
)
def test_a_name_that_leads_out_or_could_be_misread_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest), working_copy({path: b""}):
        pass


def test_a_binary_file_is_refused_by_name() -> None:
    with (
        pytest.raises(InvalidRequest, match=r"logo.png.*binary"),
        working_copy({"logo.png": b"\0"}),
    ):
        pass


def test_one_path_cannot_be_a_file_and_a_directory() -> None:
    files = {"a": b"", "a/b": b""}
    with pytest.raises(InvalidRequest, match="a is a file already"), working_copy(files):
        pass


@pytest.mark.parametrize(
    "bounds", [CopyBounds(files=2), CopyBounds(file_bytes=9), CopyBounds(total_bytes=29)]
)
def test_one_more_than_a_bound_is_refused_and_the_bound_itself_is_not(bounds: CopyBounds) -> None:
    files = {name: b"x" * 10 for name in "abc"}
    with working_copy(files, CopyBounds(files=3, file_bytes=10, total_bytes=30)) as copy:
        assert len(copy.paths) == 3
    with pytest.raises(InvalidRequest), working_copy(files, bounds):
        pass


TEXTS = st.one_of(st.none(), st.text("ab\n\r\f", max_size=30).map(str.encode))


@settings(max_examples=30, deadline=None)
@given(TEXTS, TEXTS)
def test_git_turns_before_into_after_with_the_diff(
    tmp_path_factory: pytest.TempPathFactory, before: bytes | None, after: bytes | None
) -> None:
    root = tmp_path_factory.mktemp("diff")
    if before is not None:
        (root / "f.txt").write_bytes(before)
    diff = unified_diff([FileChange("f.txt", before, after)])
    if diff:
        environment = {"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(root.parent)}
        applied = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=root, input=diff.encode(), env=environment, capture_output=True, check=False,
        )  # fmt: skip
        assert applied.returncode == 0, applied.stderr
    found = (root / "f.txt").read_bytes() if (root / "f.txt").exists() else None
    assert (found or b"") == (after or b"")
    if before and after:
        assert (diff == "") == (before == after)
