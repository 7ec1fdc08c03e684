"""The root helper does what is on its list for who may ask, and nothing else for anybody."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.privileged import NotPrivileged, Verb, ask_root

FILE = Path(__file__).parents[2] / "systemd/lib/root_helper.py"
ME = pwd.getpwuid(os.getuid()).pw_name


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("root_helper", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HELPER = _load()


def ask(request: bytes, verbs: Mapping[str, tuple[str, ...]] | None = None, caller: str = ME) -> str:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(request)
        ours.shutdown(socket.SHUT_WR)
        answer: str = HELPER.serve(theirs, caller, verbs if verbs is not None else HELPER.VERBS)
        assert ours.recv(100).decode() == answer + "\n"
        return answer


def test_a_verb_is_its_command(tmp_path: Path) -> None:
    done = tmp_path / "done"
    assert ask(b"mark\n", {"mark": ("/usr/bin/touch", str(done))}) == "ok"
    assert done.exists()


def test_a_command_that_fails_is_told() -> None:
    assert ask(b"fail\n", {"fail": ("/bin/false",)}) == "refused: failed"
    assert ask(b"gone\n", {"gone": ("/nowhere/at/all",)}) == "refused: failed"


@given(st.binary(max_size=80))
def test_nothing_else_is_ever_run(request: bytes) -> None:
    words = {verb.encode() for verb in HELPER.VERBS}
    if request.partition(b"\n")[0] not in words:
        assert ask(request, dict.fromkeys(HELPER.VERBS, ("/bin/true",))).startswith("refused: ")


@pytest.mark.parametrize("request_", [b"reboot now\n", b"reboot;id\n", b" reboot\n", b"REBOOT\n", b"reboot"])
def test_a_verb_has_no_arguments_and_one_spelling(request_: bytes) -> None:
    assert ask(request_, {"reboot": ("/bin/true",)}).startswith("refused: ")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_a_stranger_is_refused() -> None:
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        os.seteuid(65534)
        mine, helper = socket.socketpair()
        mine.sendall(b"mark\n")
        word = HELPER.serve(helper, "daemon", {"mark": ("/bin/true",)})
        ours.sendall(word.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert theirs.recv(100) == b"refused: caller"


def test_the_kiosk_knows_the_same_verbs() -> None:
    assert {verb.value for verb in Verb} == set(HELPER.VERBS)


def test_the_kiosk_asks_and_hears(tmp_path: Path) -> None:
    address = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()

        def helper() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    HELPER.serve(connection, ME, {"reboot": ("/bin/true",)})

        thread = threading.Thread(target=helper)
        thread.start()
        asyncio.run(ask_root(Verb.REBOOT, address))
        with pytest.raises(NotPrivileged, match="refused: verb"):
            asyncio.run(ask_root(Verb.POWER_OFF, address))
        thread.join()


def test_without_a_helper_the_kiosk_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotPrivileged):
        asyncio.run(ask_root(Verb.REBOOT, tmp_path / "nobody"))
