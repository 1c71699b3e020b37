import os
import subprocess
from pathlib import Path

import pytest

from bursar.errors import InvalidRequest, NotFound
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.working_copy.repository import repository_at
from bursar_executor.working_copy.selection import select

NAMES = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def git(at: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(at), **NAMES}
    done = subprocess.run(
        ["git", *arguments], cwd=at, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a commit, and one change of each kind on top."""
    root = tmp_path / "repository"
    (root / "src").mkdir(parents=True)
    git(root, "init", "-q")
    for name in ("same.py", "src/staged.py", "unstaged.py", "deleted.py", "odd ä name.py"):
        (root / name).write_text("old\n")
    (root / ".gitignore").write_text("ignored.py\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    (root / "src/staged.py").write_text("new\n")
    git(root, "add", ".")
    for name in ("unstaged.py", "odd ä name.py", "untracked.py", "ignored.py"):
        (root / name).write_text("new\n")
    (root / "deleted.py").unlink()
    (root / "image.png").write_bytes(b"\x89PNG\0")
    (root / "link.py").symlink_to("same.py")
    return root


async def test_without_names_all_that_changed_against_head_is_taken(
    repository: Path, subprocesses: Subprocesses
) -> None:
    selection = await select([], repository, subprocesses)
    assert sorted(selection.files) == [
        "odd ä name.py", "src/staged.py", "unstaged.py", "untracked.py",
    ]  # fmt: skip
    assert set(selection.files.values()) == {b"new\n"}
    assert selection.left_out == ("image.png", "link.py")
    assert selection.root == repository
    assert selection.repository is not None
    assert selection.repository.commit_id == git(repository, "rev-parse", "HEAD")
    assert selection.repository.is_dirty


async def test_changes_anywhere_are_found_from_a_directory_within(
    repository: Path, subprocesses: Subprocesses
) -> None:
    selection = await select([], repository / "src", subprocesses)
    assert "unstaged.py" in selection.files


async def test_a_repository_without_a_commit_has_changes_and_no_commit_id(
    tmp_path: Path, subprocesses: Subprocesses
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("new\n")
    selection = await select([], tmp_path, subprocesses)
    assert selection.files == {"a.py": b"new\n"}
    assert selection.repository is not None and selection.repository.commit_id == ""


async def test_a_repository_without_changes_asks_for_files(
    repository: Path, subprocesses: Subprocesses
) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "all")
    with pytest.raises(InvalidRequest, match="name the files"):
        await select([], repository, subprocesses)


async def test_outside_of_a_repository_files_are_asked_for(
    tmp_path: Path, subprocesses: Subprocesses
) -> None:
    assert await repository_at(tmp_path, subprocesses) is None
    with pytest.raises(InvalidRequest, match="name the files"):
        await select([], tmp_path, subprocesses)


async def test_settings_of_a_repository_run_no_program(
    repository: Path, subprocesses: Subprocesses
) -> None:
    git(repository, "config", "core.fsmonitor", f"touch {repository}/was-run")
    await select([], repository, subprocesses)
    assert not (repository / "was-run").exists()


async def test_named_files_and_directories_are_read_with_their_layout(
    tmp_path: Path, subprocesses: Subprocesses
) -> None:
    for name in ("a.py", "pkg/b.py", "pkg/deep/c.py", "pkg/.hidden/d.py", "pkg/build/e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "pkg/image.png").write_bytes(b"\0")
    selection = await select(["./a.py", "pkg", "a.py"], tmp_path, subprocesses)
    assert list(selection.files) == ["a.py", "pkg/b.py", "pkg/deep/c.py"]
    assert selection.files["pkg/b.py"] == b"pkg/b.py"


async def test_files_elsewhere_have_the_directory_they_share_as_root(
    tmp_path: Path, subprocesses: Subprocesses
) -> None:
    for name in ("here/x", "there/a/b.py", "there/c/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    selection = await select(
        ["../there/a/b.py", "../there/c/d.py"], tmp_path / "here", subprocesses
    )
    assert selection.root == tmp_path / "there"
    assert list(selection.files) == ["a/b.py", "c/d.py"]


async def test_a_link_is_followed_within_the_root_and_refused_beyond(
    tmp_path: Path, subprocesses: Subprocesses
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "real.py").write_text("real")
    (root / "inside.py").symlink_to("real.py")
    (tmp_path / "secret").write_text("secret")
    (root / "outside.py").symlink_to("../secret")
    assert list((await select(["inside.py"], root, subprocesses)).files) == ["real.py"]
    with pytest.raises(InvalidRequest, match="leads out of the root"):
        await select(["outside.py"], root, subprocesses)


async def test_what_is_not_there_binary_or_no_file_is_named(
    tmp_path: Path, subprocesses: Subprocesses
) -> None:
    (tmp_path / "image.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(NotFound, match=r"missing\.py: there is no such file"):
        await select(["missing.py"], tmp_path, subprocesses)
    for name in ("image.png", "empty", "fifo"):
        with pytest.raises(InvalidRequest, match=name):
            await select([name], tmp_path, subprocesses)
