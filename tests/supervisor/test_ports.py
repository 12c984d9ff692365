"""Free ports and what happens when a wanted one is taken."""

import socket

from app.supervisor import ports


def test_a_free_port_is_kept_and_a_taken_one_gives_the_next() -> None:
    free = ports.free_port()
    assert ports.next_free_port("127.0.0.1", free) == free
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert not ports.is_free("127.0.0.1", taken)
        assert ports.next_free_port("127.0.0.1", taken) > taken


def test_beyond_the_last_port_any_free_one_serves() -> None:
    assert 0 < ports.next_free_port("127.0.0.1", 65536) <= 65535
