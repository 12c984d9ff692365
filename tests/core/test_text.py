"""Text at the edge: what cannot be stored is refused, everything else passes unchanged."""

import json

import pytest
from pydantic import BaseModel, ValidationError

from app.core.text import CleanJson, CleanStr
from tests.support.shared import shared


class Note(BaseModel):
    text: CleanStr
    more: CleanJson = None


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "fine until \udfff"])
def test_refuses_text_that_cannot_be_stored(text: str) -> None:
    with pytest.raises(ValidationError):
        Note(text=text)


@pytest.mark.parametrize("more", [{"a": ["\x00"]}, {"\x00": 1}, [[["\ud800"]]], "\x00"])
def test_refuses_unstorable_text_at_any_depth_of_json(more: object) -> None:
    with pytest.raises(ValidationError):
        Note.model_validate({"text": "", "more": more})


@pytest.mark.parametrize("text", ["", "plain", "e\u0301", "\u202e", "\ufeff", "\ufffe", "👩‍🚀", "' OR 1=1--", "%00"])
def test_keeps_unusual_text_as_it_is(text: str) -> None:
    assert Note(text=text).text == text


def test_answers_every_naughty_string_with_itself() -> None:
    for text in json.loads(shared("abuse/blns/blns.json").read_text()):
        assert Note(text=text).text == text
