"""Logs that nobody watches stay small and tell no secret."""

import os

from bursar.broker.logs import CITED_LINES, LOG_LIMIT_BYTES, cut, last_lines, open_log


def test_the_last_lines_are_cited_with_secrets_masked(tmp_path):
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100)) + "Bearer abc.def\n")
    lines = last_lines(log).splitlines()
    assert len(lines) == CITED_LINES
    assert lines[-2:] == ["line 99", "Bearer [masked]"]


def test_a_log_that_is_not_there_cites_nothing(tmp_path):
    assert last_lines(tmp_path / "log") == ""


def test_a_log_over_its_limit_is_cut_while_its_writer_goes_on(tmp_path):
    log = tmp_path / "log"
    writer = open_log(log)
    os.write(writer, b"x" * 100)
    cut(log, limit_bytes=100)
    assert log.stat().st_size == 100
    os.write(writer, b"y")
    cut(log, limit_bytes=100)
    os.write(writer, b"z")
    os.close(writer)
    assert log.read_bytes() == b"z"
    assert (tmp_path / "log.1").read_bytes() == b"x" * 100 + b"y"


def test_a_long_log_is_put_aside_when_it_is_opened_again(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(LOG_LIMIT_BYTES // 2 + 1)
    os.close(open_log(log))
    assert log.stat().st_size == 0
    assert (tmp_path / "log.1").stat().st_size == LOG_LIMIT_BYTES // 2 + 1
