"""Free ports of 127.0.0.1."""

import socket


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on at the moment."""
    taken = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()
