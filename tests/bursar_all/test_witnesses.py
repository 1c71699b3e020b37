"""What is published outside the log cannot be taken back by who writes it."""

import subprocess

import pytest
from aiohttp import web

from bursar.errors import FailedPrecondition, InvalidRequest, Unavailable
from bursar_all.witnesses import FILE_NAME, publish

LINE = "QlJTQwEAAAA="


async def test_a_file_gets_each_checkpoint_once(tmp_path):
    place = tmp_path / "published.txt"
    assert await publish("file", str(place), LINE)
    assert not await publish("file", str(place), LINE)
    assert await publish("file", str(place), "b3RoZXI=")
    assert place.read_text().split() == [LINE, "b3RoZXI="]


async def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FailedPrecondition, match="nowhere"):
        await publish("file", str(tmp_path / "nowhere" / "published.txt"), LINE)


def git(place, *arguments):
    done = subprocess.run(
        ["git", "-C", place, *arguments], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_a_working_copy_gets_a_commit_of_that_file_alone(tmp_path, monkeypatch):
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "witness")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "witness@example.com")
    git(tmp_path, "init", "--quiet")
    (tmp_path / "other.txt").write_text("not ours")
    git(tmp_path, "add", "other.txt")
    assert await publish("git", str(tmp_path), LINE)
    assert not await publish("git", str(tmp_path), LINE)
    assert git(tmp_path, "show", f"HEAD:{FILE_NAME}").split() == [LINE]
    assert git(tmp_path, "ls-tree", "--name-only", "HEAD").split() == [FILE_NAME]


async def test_a_place_without_git_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(FailedPrecondition, match="git add"):
        await publish("git", str(tmp_path), LINE)


async def test_a_webhook_is_told_and_its_refusal_is_said(tmp_path):
    told = []

    async def receive(request):
        told.append(await request.text())
        return web.Response(status=204 if len(told) == 1 else 503)

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    assert await publish("webhook", address, LINE)
    assert told == [LINE]
    with pytest.raises(Unavailable, match="503"):
        await publish("webhook", address, LINE)
    await runner.cleanup()
    with pytest.raises(Unavailable, match="reached"):
        await publish("webhook", address, LINE)


async def test_another_kind_is_refused():
    with pytest.raises(InvalidRequest, match="file, git, webhook"):
        await publish("fax", "", LINE)
