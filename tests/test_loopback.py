from .kit.loopback import free_port


def test_a_port_is_named_once() -> None:
    """A server may start long after its port was named."""
    assert len({free_port() for _ in range(400)}) == 400
