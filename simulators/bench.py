"""The bench: every device on its wire, the people, the back office, the control API, in one process."""

from __future__ import annotations

import json
import random
import secrets
import threading
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from starlette.applications import Starlette

from simulators import machine_clock
from simulators.back_office import app as back_office
from simulators.back_office.acceptance import Applicant
from simulators.back_office.earlier_cases import take_in
from simulators.back_office.server import Served
from simulators.catalogue import Catalogue, Entry
from simulators.control import Control
from simulators.devices import (
    camera,
    escpos,
    fingerprint_pad,
    id_card_reader,
    payment_terminal,
    receipt_printer,
)
from simulators.faults import Faults
from simulators.gate import Gate
from simulators.housing import BOARD_BAUD, Housing
from simulators.level import IDEAL, Level
from simulators.machine_clock import MachineClock
from simulators.panel.live_stand import LiveStand
from simulators.panel.panel import Panel
from simulators.payment_hosts.hosts import PaymentHosts
from simulators.people import Persona, load_personas
from simulators.permit import unit as permit_unit
from simulators.power import Power
from simulators.recorder import Recorder
from simulators.side_cabinet import SideCabinet
from simulators.usb_relay import UsbRelay
from simulators.wire import Line, PtyWire, TcpWire, WireClosed
from simulators.world import Machine, World

OFFICERS: Final = Path(__file__).with_name("officers.toml")
SITE: Final = """\
# Written by the bench: a site whose every link is simulated.
[site]
id = "330212K01"
name = {{ zh-CN = "模拟测试大厅", en = "Bench hall" }}
model = "standard"
production = false
hotline = "0574-00000000"
elsewhere = {{ zh-CN = "本厅 3 号窗口，工作日 9:00–17:00", en = "window 3 of this hall, weekdays 9 to 17" }}
hours = {{ zh-CN = "24 小时", en = "24 hours" }}
guide_url = "{back_office}/guide/"

[links]
{links}

[back_office]
url = "{back_office}"
token_file = "token"
timeout_s = 5.0

[certificates]
trust_anchor = "seal-authority.pem"

[journal]
path = "journal.db"
key_file = "journal.key"

[voice]
command = "tee -a '{spoken}'"

[debug]
port = 0

[bench]
clock_file = "clock"

[state]
folder = "."
"""

HASTE: Final = """
[haste]                      # citizens made of data need no time to read
idle_s = 4.0
warn_s = 2.0
take_s = 3.0
pay_s = 10.0
rate_s = 4.0
print_s = 3.0
closing_s = 3.0
patience = 0.1
"""


class Bench:
    """A started bench; ``close`` ends it. ``state`` is a folder that it may fill.

    ``usb`` puts the ID-card reader on USB (``bulk`` or ``pipes``) instead of a pty; ``postgres`` is a
    URL for the back office's data, otherwise SQLite in ``state``. With ``hasty`` the site's kiosk waits
    seconds for a person and not minutes.
    """

    def __init__(
        self,
        state: Path,
        level: Level = IDEAL,
        seed: int = 1,
        usb: str | None = None,
        postgres: str | None = None,
        receipt_port: int = 0,
        hasty: bool = False,
    ) -> None:
        self.state = state.resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_urlsafe(24)
        self.faults = Faults()
        self.recorder = Recorder()
        self.people = load_personas()
        self._level = level
        self._chance = random.Random(seed)
        self._lines: list[Line] = []
        self._threads: list[threading.Thread] = []
        self.links: dict[str, str] = {}

        chance = self._chance
        self.id_card_reader = id_card_reader.IdCardReader(level, self.faults, chance)
        self.permit_unit = permit_unit.PermitUnitSimulator(level=level, faults=self.faults, chance=chance)
        self.camera = camera.Camera(self.faults, chance, level)
        self.fingerprint_pad = fingerprint_pad.FingerprintPad(level, self.faults, chance)
        self.payment_terminal = payment_terminal.PaymentTerminal(level, self.faults, chance)
        self.receipt_printer = receipt_printer.ReceiptPrinter(level, self.faults)
        self.side_cabinet = SideCabinet(level, self.faults, chance, self.state / "sane")
        self.housing = Housing(level, self.faults)
        self.payment_hosts = PaymentHosts()

        self._wire_up(usb, receipt_port)
        self._hosts_server = Served(self.payment_hosts.app)
        registers = [person.tables() for person in self.people.values()]
        office = back_office.create_app(
            database=postgres or f"sqlite:///{self.state / 'back_office.db'}",
            token=self.token,
            people=registers,
            faults=self.faults,
            merchant=self.payment_hosts.merchant(base_url=self._hosts_server.url),
        )
        self.desk = office.state.desk
        self._office_server = Served(office)
        self.desk.office.verify_url = f"{self._office_server.url}/verify/"
        self.world = World(
            self.people,
            self._machine(),
            reseed=lambda: self.desk.reseed(self._lying_here(one) for one in registers),
            take_in=self._take_in,
        )
        self.world.do("stock_documents", {})
        self.catalogue = self._catalogue()
        self.machine_clock = MachineClock(self.state / "clock", self.faults)
        gate = Gate(self.token)
        control = Control(
            gate,
            self.world,
            self.faults,
            self.catalogue,
            self.recorder,
            self.receipt_printer,
            self.permit_unit,
            self.housing,
        )
        self.power = Power(self.state / "site.toml")
        self._panel = self._panel_behind(gate)
        self._control_server = Served(Starlette(routes=[*control.routes, *self._panel.routes]))
        self._write_files(hasty)

    @property
    def control_url(self) -> str:
        return self._control_server.url

    @property
    def panel_url(self) -> str:
        """The panel's address; the token is in its fragment, which a browser never sends."""
        return f"{self.control_url}/panel/#{self.token}"

    @property
    def back_office_url(self) -> str:
        return self._office_server.url

    def hire(self) -> str:
        """Let the bench's officers log in, each with its token; return the address of their page."""
        with OFFICERS.open("rb") as file:
            accounts = tomllib.load(file)["officers"]
        self.desk.hire([{**account, "password": self.token} for account in accounts])
        return f"{self.back_office_url}/office/"

    def summary(self) -> dict[str, Any]:
        """Return what a client needs to know, as it stands in ``bench.json``."""
        return {
            "control": self.control_url,
            "back_office": self.back_office_url,
            "links": self.links,
            "site": str(self.state / "site.toml"),
            "token": self.token,
            "panel": self.panel_url,
        }

    def _lying_here(self, register: dict[str, Any]) -> dict[str, Any]:
        """Return a person's register, finished documents in the store of the machine that stands here now."""
        here = tomllib.loads((self.state / "site.toml").read_text("utf-8"))["site"]["id"]
        finished = register.get("collection", {}).get("documents", [])
        documents = [{**one, "kiosk": here} if one.get("kiosk") else one for one in finished]
        return register | ({"collection": {"documents": documents}} if finished else {})

    def _take_in(self, person: Persona, case_no: str, service: str, missing: Sequence[str]) -> None:
        who = Applicant(id_number=person.id_card.number, name=person.id_card.name)
        take_in(self.desk.office, case_no, service, who, missing)

    def close(self) -> None:
        """End every server and wire; returns when they have ended."""
        self.power.off()
        self.faults.clear()
        self._panel.close()
        for server in (self._control_server, self._office_server, self._hosts_server):
            server.stop()
        self.desk.close()
        self.camera.close()
        for line in self._lines:
            line.close()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- inside ---

    def _machine(self) -> Machine:
        return Machine(
            self.id_card_reader,
            self.permit_unit,
            self.camera,
            self.fingerprint_pad,
            self.payment_terminal,
            self.receipt_printer,
            self.payment_hosts,
            self.side_cabinet,
            self.housing,
        )

    def _catalogue(self) -> Catalogue:
        """Return what can go wrong at each device, at the back office, with the clock and on each wire."""
        return Catalogue(
            {
                module.NAME: Entry(module.FAULTS, module.OPERATIONS, getattr(module, "MIDWAY", ()))
                for module in (id_card_reader, camera, fingerprint_pad, payment_terminal, receipt_printer)
            }
            | {
                "permit_unit": Entry(permit_unit.FAULTS, permit_unit.OPERATIONS, permit_unit.MIDWAY),
                "back_office": Entry(back_office.FAULTS),
                machine_clock.NAME: Entry(machine_clock.FAULTS, states_only=True),
                **self.side_cabinet.entries,
                **self.housing.entries,
            },
            [line.link for line in self._lines],
        )

    def _panel_behind(self, gate: Gate) -> Panel:
        return Panel(
            gate,
            self.state,
            self.power,
            lambda before: LiveStand(
                self.state, self.control_url, (self.back_office_url, self.token), self.power, before
            ),
            self.world,
            self.faults,
            self.recorder,
            self.receipt_printer,
            self.permit_unit,
            self.housing.document_printer,
        )

    def _wire_up(self, usb: str | None, receipt_port: int) -> None:
        unit = self.permit_unit
        if usb is None:
            self._pty("id_card_reader", 115200, self.id_card_reader.serve)
        else:
            relay = UsbRelay("id_card_reader", usb, self._level, self.faults, self.recorder, self._chance)
            self._run(relay, self.id_card_reader.serve)
            self.links["id_card_reader"] = (
                f"usb:0400:c35a?form={usb}&backend=simulators.devices.id_card_usb:backend"
                f"&port={relay.port}&simulated=1"
            )
        self._pty("permit_transport", 9600, unit.transport.serve)
        self._pty("permit_scanner", 115200, unit.scanner.serve)
        self._pty("permit_printer", 9600, unit.printer.serve)
        self.links["camera"] = f"{self.camera.url}?simulated=1"
        self.camera.start()
        self._pty("fingerprint_pad", 57600, self.fingerprint_pad.serve)
        self._pty("payment_terminal", 115200, self.payment_terminal.serve)
        tcp = TcpWire(
            "receipt_printer", self._level, self.faults, self.recorder, self._chance, port=receipt_port
        )
        self._run(tcp, self.receipt_printer.serve)
        self.links["receipt_printer"] = f"socket://127.0.0.1:{tcp.port}?simulated=1"
        describers: Mapping[str, Callable[[str, bytes], str]] = {
            "id_card_reader": id_card_reader.words,
            **permit_unit.WORDS,
            "fingerprint_pad": fingerprint_pad.words,
            "payment_terminal": payment_terminal.words,
            "receipt_printer": escpos.words,
            **self.housing.words,
        }
        for device in self.side_cabinet.serial_devices():
            self._pty(device.link, device.baud, device.serve, device.query)
            self.recorder.describe(device.link, device.words)
        self._pty("io_board", BOARD_BAUD, self.housing.io_board.serve)
        for standing in (self.side_cabinet, self.housing):
            for line, url, serve in standing.networked(self.recorder, self._chance):
                self._run(line, serve)
                self.links[line.link] = url
        for link, describer in describers.items():
            self.recorder.describe(link, describer)

    def _pty(self, link: str, baud: int, serve: Callable[[Any], None], query: str = "") -> None:
        path = self.state / "links" / link
        path.parent.mkdir(exist_ok=True)
        self._run(PtyWire(link, path, self._level, self.faults, self.recorder, self._chance, baud), serve)
        self.links[link] = f"serial://{path}?baud={baud}{query}&simulated=1"

    def _run(self, line: Line, serve: Callable[[Any], None]) -> None:
        def served() -> None:
            with suppress(WireClosed):
                serve(line)

        thread = threading.Thread(target=served, name=line.link, daemon=True)
        thread.start()
        self._lines.append(line)
        self._threads.append(thread)

    def _write_files(self, hasty: bool) -> None:
        (self.state / "seal-authority.pem").write_bytes(self.desk.office.papers.seal.anchor)
        token = self.state / "token"
        token.touch(mode=0o600)
        token.write_text(self.token)
        links = "\n".join(f"{name} = {json.dumps(url)}" for name, url in self.links.items())
        spoken = self.state / "spoken.txt"
        site = SITE.format(links=links, back_office=self.back_office_url, spoken=spoken)
        site += HASTE if hasty else ""
        (self.state / "site.toml").write_text(site)
        summary = self.state / "bench.json"
        summary.touch(mode=0o600)
        summary.write_text(json.dumps(self.summary(), indent=1))
