"""Acceptance (受理): cases are opened here, and their history is kept and shown (进度查询)."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from simulators.back_office.contract import Case, CaseOpened, CaseState, CaseStep
from simulators.back_office.desk import Office, Refused
from simulators.back_office.store import approvals, case_history, cases, moment, stamp


def open_case(office: Office, opened: CaseOpened) -> CaseState:
    """Take a case in under the kiosk's number. The same case again is no second case."""
    with office.store.begin() as db:
        row = db.execute(select(cases).where(cases.c.case_no == opened.case_no)).mappings().first()
        if row is not None:
            same = (row["kiosk"], row["service"], row["permit_number"]) == (
                opened.kiosk,
                opened.service,
                opened.permit_number,
            )
            if not same:
                raise Refused(409, "case-differs")
            return CaseState(case_no=opened.case_no, state=row["state"])
        db.execute(
            insert(cases).values(
                case_no=opened.case_no,
                kiosk=opened.kiosk,
                service=opened.service,
                opened_at=stamp(opened.opened_at),
                permit_number=opened.permit_number,
                state="opened",
            )
        )
        note(db, office, opened.case_no, "opened", opened.kiosk)
    return CaseState(case_no=opened.case_no, state="opened")


def show_case(office: Office, case_no: str) -> Case:
    """Return a case with everything that happened to it, oldest first."""
    with office.store.begin() as db:
        row = db.execute(select(cases).where(cases.c.case_no == case_no)).mappings().first()
        if row is None:
            raise Refused(404, "not-found")
        steps = db.execute(
            select(case_history).where(case_history.c.case_no == case_no).order_by(case_history.c.id)
        ).mappings()
        approval_no = db.scalars(
            select(approvals.c.approval_no)
            .where(approvals.c.case_no == case_no)
            .order_by(approvals.c.sequence.desc())
        ).first()
        history = [CaseStep(at=moment(s["at"]), step=s["step"], detail=s["detail"]) for s in steps]
    return Case(
        case_no=case_no,
        state=row["state"],
        service=row["service"],
        approval_no=approval_no or "",
        history=history,
    )


def require_case(db: Connection, case_no: str) -> None:
    """Raise ``Refused`` 404 unless the case is known."""
    if db.execute(select(cases.c.case_no).where(cases.c.case_no == case_no)).first() is None:
        raise Refused(404, "not-found", case_no)


def note(
    db: Connection, office: Office, case_no: str, step: str, detail: str = "", *, becomes: str | None = None
) -> None:
    """Add a step to the case's history; the case's state changes to ``becomes`` if given."""
    db.execute(insert(case_history).values(case_no=case_no, at=stamp(office.now()), step=step, detail=detail))
    if becomes is not None:
        db.execute(update(cases).where(cases.c.case_no == case_no).values(state=becomes))
