import pytest

from bursar.errors import InvalidRequest
from bursar_simulator import directive
from bursar_simulator.directive import Directive
from bursar_simulator.faults import WAITING_MAX, Faults


def test_a_directive_is_read_as_it_is_written():
    assert directive.parse("status=429; retry_after_s=2") == Directive(status=429, retry_after_s=2)
    assert directive.parse("never;no_usage") == Directive(
        is_never_answered=True, is_usage_missing=True
    )
    assert directive.parse('tool=look; tool_input={"at":"x"}') == Directive(
        is_tool_used=True, tool="look", tool_input='{"at":"x"}'
    )
    assert directive.parse("first_byte_s=0.5;chunk_s=.01") == Directive(
        first_byte_s=0.5, chunk_s=0.01
    )
    assert directive.parse("") == Directive()


@pytest.mark.parametrize("text", ["statu=1", "status=x", "status=-1", "chunk_s=inf", "chunk_s=nan"])
def test_a_directive_that_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidRequest):
        directive.parse(text)


def test_a_message_may_carry_one():
    text = "Please. [simulate: tool_use] Thank you."
    assert directive.parse(directive.in_text(text)) == Directive(is_tool_used=True)
    assert directive.without_directive(text) == "Please.  Thank you."
    assert directive.in_text("no directive here") == ""


def test_a_fault_hits_as_often_as_it_was_set_and_only_its_model():
    faults = Faults()
    faults.add("status=500", times=2, model="a")
    faults.add("status=400")
    assert faults.next_for("b") == Directive(status=400)
    assert faults.next_for("b") is None
    assert [faults.next_for("a") for _ in range(3)] == [*[Directive(status=500)] * 2, None]


def test_the_faults_that_wait_are_bounded():
    faults = Faults()
    for _ in range(WAITING_MAX):
        faults.add("status=500")
    with pytest.raises(InvalidRequest):
        faults.add("status=500")
    with pytest.raises(InvalidRequest):
        Faults().add("status=500", times=0)
