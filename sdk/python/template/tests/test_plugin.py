"""Calls the tools as a host does, without a sandbox: `pytest`."""

import plugin
import pytest
from tandem_sdk import InvalidArguments, testing


@pytest.fixture(autouse=True)
def fresh():
    testing.reset()


def test_texts_are_counted():
    counted = testing.call("{{tool}}_count", text="to weigh every word").structured
    assert counted == plugin.Count(words=4, letters=16, longest="weigh")
    with pytest.raises(InvalidArguments):
        testing.call("{{tool}}_count", text="   ")


def test_texts_are_remembered():
    testing.state().kv["total"] = b"5"
    assert testing.call("{{tool}}_remember", texts=["one", "two"]).structured == plugin.Remembered(total=7)
