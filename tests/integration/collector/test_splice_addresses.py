"""Where a splice listens and connects: both kinds of IP, names with several addresses, unix sockets."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from collector.endpoint import Endpoint
from driftline.errors import InvalidInput, PortInUse
from tests.integration.collector.splicing import Spliced, listener

FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "unix": socket.AF_UNIX}


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
KINDS = ["ipv4", pytest.param("ipv6", marks=needs_ipv6), "unix"]


@pytest.mark.parametrize("outside", KINDS)
@pytest.mark.parametrize("inside", KINDS)
def test_bytes_pass_between_any_two_kinds_of_address(inside: str, outside: str, tmp_path: Path) -> None:
    upstream, at = listener(FAMILIES[inside], str(tmp_path / "server"))
    listen = {
        "ipv4": Endpoint("127.0.0.1", 0),
        "ipv6": Endpoint("::1", 0),
        "unix": Endpoint("", 0, str(tmp_path / "splice")),
    }[outside]
    with upstream, Spliced(at, listen) as splice, splice.connect() as client:
        client.sendall(b"question")
        server, _ = upstream.accept()
        with server:
            assert server.recv(100) == b"question"
            server.sendall(b"answer")
            assert client.recv(100) == b"answer"
        assert client.recv(100) == b""
    assert splice.tee.asked == {1: b"question"}
    assert splice.tee.replied == {1: b"answer"}
    assert splice.tee.ended == [1]


def test_a_name_is_listened_on_at_all_its_addresses() -> None:
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at, Endpoint("localhost", 0)) as splice:
        hosts = {
            str(address[0])
            for _, _, _, _, address in socket.getaddrinfo("localhost", splice.port, type=socket.SOCK_STREAM)
        }
        usable = [host for host in hosts if host != "::1" or has_ipv6()]
        assert "127.0.0.1" in usable
        for host in usable:
            with socket.create_connection((host, splice.port), 5) as client:
                client.sendall(host.encode())
                server, _ = upstream.accept()
                with server:
                    assert server.recv(100) == host.encode()


def test_a_name_of_the_server_may_have_addresses_that_refuse() -> None:
    upstream, at = listener(socket.AF_INET)  # "localhost" is often ::1 first
    with upstream, Spliced(Endpoint("localhost", at.port)) as splice, splice.connect() as client:
        client.sendall(b"question")
        server, _ = upstream.accept()
        with server:
            assert server.recv(100) == b"question"


def test_a_unix_socket_is_for_owner_and_group_and_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "splice"
    with Spliced(Endpoint("", 1), Endpoint("", 0, str(path))) as splice:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        splice.drain(0.0)
        assert not path.exists()


def test_a_socket_file_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "splice"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    upstream, at = listener(socket.AF_INET)
    with upstream, Spliced(at, Endpoint("", 0, str(path))) as splice, splice.connect() as client:
        client.sendall(b"x")
        server, _ = upstream.accept()
        with server:
            assert server.recv(1) == b"x"


def test_a_socket_somebody_listens_on_is_left_alone(tmp_path: Path) -> None:
    alive, at = listener(socket.AF_UNIX, str(tmp_path / "taken"))
    with alive:
        with pytest.raises(PortInUse, match="another process uses the path"), Spliced(at, at):
            pass
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(at.path)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(PortInUse), Spliced(Endpoint("", 1), Endpoint("", 0, str(path))):
        pass
    assert path.read_text() == "data"


def test_a_socket_file_that_another_put_there_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "splice"
    with Spliced(Endpoint("", 1), Endpoint("", 0, str(path))) as splice:
        path.rename(tmp_path / "moved")
        successor, _ = listener(socket.AF_UNIX, str(path))
        with successor:
            splice.drain(0.0)
            assert path.exists()


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (Endpoint("", 0, "/no/such/folder/socket"), "No such file or directory"),
        (Endpoint("no-such-host.invalid", 1), "cannot listen on no-such-host.invalid:1"),
        (Endpoint("203.0.113.1", 0), "cannot listen on 203.0.113.1:0"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_clear_error(endpoint: Endpoint, message: str) -> None:
    with pytest.raises(InvalidInput, match=message), Spliced(endpoint, endpoint):
        pass


def test_a_port_in_use_is_one_clear_error() -> None:
    taken, at = listener(socket.AF_INET)
    with taken, pytest.raises(PortInUse, match="another process uses the port"), Spliced(at, at):
        pass
