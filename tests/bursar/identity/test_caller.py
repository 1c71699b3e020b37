"""Who calls without a key."""

import os
import pwd

from bursar.identity import local_caller


def test_a_local_caller_is_the_user_of_the_process_in_the_default_tenant(monkeypatch):
    monkeypatch.setenv("USER", "somebody-else")
    user = pwd.getpwuid(os.getuid()).pw_name
    caller = local_caller(deadline_ns=5)
    assert (caller.tenant_id, caller.user_id, caller.principal) == (
        "default",
        user,
        f"local:{user}",
    )
    assert (caller.team_id, caller.key_id, caller.deadline_ns) == ("", "", 5)
    assert local_caller().deadline_ns is None


def test_a_user_number_without_a_name_is_named_by_its_number(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_011)
    assert local_caller().user_id == "uid-2000000011"
