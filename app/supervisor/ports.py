"""Free ports on this machine.

A free port is a guess, not a promise: whoever starts a server on one proves afterwards that it talks to its own.
"""

import socket


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at this moment, chosen by the system."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on the port now. Listening sockets count, closing connections do not."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def next_free_port(host: str, wanted: int) -> int:
    """The wanted port, or the first free one above it (any free one when there is none above)."""
    return next((port for port in range(wanted, 65536) if is_free(host, port)), None) or free_port(host)
