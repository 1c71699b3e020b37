"""Lines say the same when they differ in values, and names are values where there are many."""

from __future__ import annotations

from bursar_compressor.logs.lines import by_values
from bursar_compressor.logs.wordings import MERGED_MIN, WORDINGS_MAX, merged, wording


def test_values_identifiers_and_the_width_of_columns_make_no_other_wording():
    one = wording(by_values("R02-M1-N0-C:J12-U11  FATAL at 0x1f").constants)
    other = wording(by_values("R30-M0-NA-C:J05-U01 FATAL at 0x22").constants)

    assert one == other
    assert wording(by_values("R30-M0 ERROR at 0x22").constants) != one


def test_names_at_one_place_are_merged_from_six_on_and_other_wordings_left_alone():
    names = ["ada", "bob", "eve", "kim", "lee", "max", "zoe"]
    lines = [f"user {name} logged in" for name in names] + ["user of the disk is gone"]

    assert set(merged(lines)) == set(lines[:-1])
    assert len(set(merged(lines).values())) == 1
    assert merged(lines[: MERGED_MIN - 1]) == {}


def test_too_many_wordings_are_not_compared():
    assert merged([f"user {at} logged in" for at in range(WORDINGS_MAX + 1)]) == {}
