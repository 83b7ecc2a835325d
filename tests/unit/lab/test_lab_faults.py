from __future__ import annotations

import pytest

from lab import faults
from lab.faults import KINDS, Cut, Fault, FaultBook, Hang, Late, Redirect, RefuseDelete, Status, Throttle, WrongLength


def test_faults_survive_json() -> None:
    some: list[Fault] = [
        Cut(after=3, path="*.zip", times=2),
        Late(seconds=0.5),
        Status(code=500, skip=1),
        Redirect(to="/x"),
        Throttle(bytes_per_second=9),
        WrongLength(by=-1),
        Hang(),
    ]
    assert faults.decode(faults.encode(some)) == some


def test_every_kind_has_its_own_name() -> None:
    assert all(kind.__name__ == name for name, kind in KINDS.items())


def test_unknown_kind() -> None:
    with pytest.raises(KeyError):
        faults.decode([{"kind": "Fire"}])


def test_book_counts_only_matching_requests() -> None:
    book = FaultBook()
    cut, hang = Cut(path="*.zip", after=1, skip=1, times=2), Hang(path="/slow")
    book.declare([cut, hang])
    paths = ["/a.zip", "/other", "/slow", "/a.zip", "/b.zip", "/a.zip"]
    assert [book.strike("GET", path) for path in paths] == [[], [], [hang], [cut], [cut], []]


def test_methods() -> None:
    book = FaultBook()
    refuse = RefuseDelete(times=1)
    book.declare([refuse])
    assert book.strike("GET", "/openstack/latest/reset_password") == []
    assert book.strike("DELETE", "/openstack/latest/reset_password") == [refuse]


def test_declaring_counts_anew() -> None:
    book = FaultBook()
    once = Status(code=500, times=1)
    book.declare([once])
    assert (book.strike("GET", "/"), book.strike("GET", "/")) == ([once], [])
    book.declare([once])
    assert book.strike("GET", "/") == [once]
